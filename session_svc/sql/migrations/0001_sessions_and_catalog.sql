-- Sessions, what licensees see of them, how far the ledger was read, and the games of all providers.

CREATE TABLE session (
    session_id uuid PRIMARY KEY,
    licensee text COLLATE "C" NOT NULL CHECK (licensee ~ '^[a-z][a-z0-9-]{1,31}$'),
    client_key text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    game_id text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL,
    country text COLLATE "C" NOT NULL,
    device text COLLATE "C" NOT NULL,
    lobby_url text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    ended_at timestamptz,
    jurisdiction text COLLATE "C" NOT NULL DEFAULT '',
    opened_shard integer,
    opened_sequence bigint,
    launched_as bigint,
    token_digest bytea NOT NULL CHECK (length(token_digest) = 32),
    token_sealed bytea NOT NULL,
    url_sealed bytea,
    CONSTRAINT session_state_known CHECK (
        state IN ('opening', 'active', 'closing', 'replacing', 'failing', 'closed', 'expired', 'replaced', 'ended', 'failed')
    ),
    CONSTRAINT session_active_was_launched CHECK (
        state <> 'active' OR (launched_as IS NOT NULL AND url_sealed IS NOT NULL AND opened_sequence IS NOT NULL)
    )
) WITH (fillfactor = 80);
COMMENT ON TABLE session IS 'One player at one provider. Secrets are sealed with a key that is not in this database.';
COMMENT ON COLUMN session.launched_as IS 'Number of the change that made it active: orders the launches of a player.';
COMMENT ON COLUMN session.opened_sequence IS 'Where the ledger opened it; an exclusion after this ends it.';
CREATE UNIQUE INDEX session_of_token ON session (token_digest);
CREATE UNIQUE INDEX session_one_live_attempt ON session (licensee, client_key) WHERE state NOT IN ('failed', 'failing');
CREATE INDEX session_attempts ON session (licensee, client_key, session_id);
CREATE UNIQUE INDEX session_one_active ON session (licensee, player_id, provider) WHERE state = 'active';
CREATE INDEX session_of_player ON session (licensee, player_id, provider, launched_as);
CREATE INDEX session_due ON session (expires_at) WHERE state = 'active';
CREATE INDEX session_unfinished ON session (changed_at) WHERE state IN ('opening', 'closing', 'replacing', 'failing');

CREATE TABLE licensee_head (
    licensee text COLLATE "C" PRIMARY KEY,
    cursor bigint NOT NULL
) WITH (fillfactor = 20);
COMMENT ON TABLE licensee_head IS 'The newest change of each licensee. Whoever writes a change holds this row until the commit.';

CREATE TABLE session_change (
    licensee text COLLATE "C" NOT NULL,
    cursor bigint NOT NULL CONSTRAINT session_change_counts_from_one CHECK (cursor > 0),
    session_id uuid NOT NULL REFERENCES session,
    player_id text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (licensee, cursor)
);
COMMENT ON TABLE session_change IS 'What licensees can see of their sessions, in commit order and without gaps.';
CREATE INDEX session_change_of_player ON session_change (licensee, player_id, cursor);

CREATE TABLE player_exclusion (
    licensee text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (licensee, player_id)
);
COMMENT ON TABLE player_exclusion IS 'The newest exclusion of a player in the ledger: sessions that were opened before it are over.';

CREATE TABLE feed_cursor (
    shard integer PRIMARY KEY,
    sequence bigint NOT NULL
) WITH (fillfactor = 20);
COMMENT ON TABLE feed_cursor IS 'The last entry of each shard of the ledger that was handled.';

CREATE TABLE game (
    provider text COLLATE "C" NOT NULL,
    game_id text COLLATE "C" NOT NULL,
    title text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL CHECK (category IN ('slot', 'table', 'live')),
    enabled boolean NOT NULL,
    currencies text[] NOT NULL,
    registered boolean NOT NULL,
    PRIMARY KEY (provider, game_id)
);
COMMENT ON COLUMN game.registered IS 'The ledger knows the game as it is here.';
