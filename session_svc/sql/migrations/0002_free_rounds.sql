-- Free rounds that licensees gave to players.

CREATE TABLE free_round_grant (
    grant_id uuid PRIMARY KEY,
    licensee text COLLATE "C" NOT NULL CHECK (licensee ~ '^[a-z][a-z0-9-]{1,31}$'),
    client_key text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    game_ids text[] NOT NULL CHECK (cardinality(game_ids) > 0),
    rounds integer NOT NULL CHECK (rounds > 0),
    bet numeric NOT NULL CHECK (bet > 0),
    currency text COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL,
    state text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    reference text COLLATE "C" NOT NULL DEFAULT '',
    refusal text COLLATE "C" NOT NULL DEFAULT '',
    CONSTRAINT free_round_grant_state_known CHECK (state IN ('asked', 'active', 'cancelled', 'refused')),
    CONSTRAINT free_round_grant_given_has_name CHECK (state NOT IN ('active', 'cancelled') OR reference <> ''),
    CONSTRAINT free_round_grant_end CHECK ((ended_at IS NOT NULL) = (state IN ('cancelled', 'refused')))
) WITH (fillfactor = 80);
COMMENT ON TABLE free_round_grant IS 'Free rounds of one player at one provider. What they win stands in the ledger, under the reference.';
COMMENT ON COLUMN free_round_grant.reference IS 'What the provider calls the grant; its results carry it.';
CREATE UNIQUE INDEX free_round_grant_of_key ON free_round_grant (licensee, client_key);
CREATE INDEX free_round_grant_newest ON free_round_grant (licensee, grant_id);
CREATE INDEX free_round_grant_of_player ON free_round_grant (licensee, player_id, grant_id);
