-- Games that were opened for play money.

CREATE TABLE demo_session (
    session_id uuid PRIMARY KEY,
    licensee text COLLATE "C" NOT NULL,
    client_key text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    game_id text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL,
    country text COLLATE "C" NOT NULL,
    device text COLLATE "C" NOT NULL,
    lobby_url text COLLATE "C" NOT NULL,
    pack text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    token_digest bytea NOT NULL CHECK (length(token_digest) = 32),
    token_sealed bytea NOT NULL,
    url_sealed bytea
);
COMMENT ON TABLE demo_session IS 'Play for play money, by which pack it was allowed. The ledger has nothing of it.';
CREATE UNIQUE INDEX demo_session_of_key ON demo_session (licensee, client_key);
CREATE UNIQUE INDEX demo_session_of_token ON demo_session (token_digest);
