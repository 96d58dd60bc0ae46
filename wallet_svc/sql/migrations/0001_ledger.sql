-- The ledger: one hash-chained log per shard, the balances and standing that follow from it, and the registry.

CREATE TABLE shard (
    id smallint PRIMARY KEY CHECK (id BETWEEN 0 AND 1023),
    next_sequence bigint NOT NULL DEFAULT 1,
    next_id bigint NOT NULL DEFAULT 1,
    digest bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(digest) = 32),
    registry_version bigint NOT NULL DEFAULT 1,
    frontier bytea NOT NULL DEFAULT '',
    CONSTRAINT shard_frontier CHECK (length(frontier) = 32 * bit_count((next_sequence - 1)::bit(64)))
) WITH (fillfactor = 20);
COMMENT ON TABLE shard IS 'The head of each log. A writer that decided on another digest or registry version advances nothing.';
COMMENT ON COLUMN shard.frontier IS 'The peaks of the Merkle tree over all entries, the largest first.';

CREATE TABLE licensee (
    id smallint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name text COLLATE "C" NOT NULL UNIQUE CHECK (name ~ '^[a-z][a-z0-9-]{1,31}$'),
    default_pack text COLLATE "C" NOT NULL,
    stake_order smallint NOT NULL DEFAULT 1,
    win_reversal_shortfall smallint NOT NULL DEFAULT 1,
    suspended boolean NOT NULL DEFAULT false
);

CREATE TABLE asset (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    licensee_id smallint NOT NULL REFERENCES licensee,
    code text COLLATE "C" NOT NULL CHECK (code ~ '^[A-Z][A-Z0-9]{2,11}$'),
    exponent smallint NOT NULL CHECK (exponent BETWEEN 0 AND 18),
    UNIQUE (licensee_id, code),
    UNIQUE (id, exponent)
);

CREATE TABLE source (
    id smallint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name text COLLATE "C" NOT NULL UNIQUE
);
COMMENT ON TABLE source IS 'Who sends actions: providers, the cashier, and our own services.';

CREATE TABLE provider_account (
    licensee_id smallint NOT NULL REFERENCES licensee,
    source_id smallint NOT NULL REFERENCES source,
    win_without_bet boolean NOT NULL DEFAULT false,
    one_credit_per_bet boolean NOT NULL DEFAULT false,
    late_win_window_us bigint NOT NULL DEFAULT 0 CHECK (late_win_window_us >= 0),
    PRIMARY KEY (licensee_id, source_id)
);

CREATE TABLE game (
    licensee_id smallint NOT NULL,
    source_id smallint NOT NULL REFERENCES source,
    name text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL CHECK (category IN ('slot', 'table', 'live')),
    enabled boolean NOT NULL,
    PRIMARY KEY (source_id, name, licensee_id)
);
COMMENT ON COLUMN game.licensee_id IS 'Zero: for every licensee that has no row of its own.';

CREATE TABLE player (
    id bigint PRIMARY KEY,
    licensee_id smallint NOT NULL REFERENCES licensee,
    name text COLLATE "C" NOT NULL,
    pack text COLLATE "C" NOT NULL,
    born_on text COLLATE "C" NOT NULL,
    main_asset_id integer REFERENCES asset,
    blocked boolean NOT NULL DEFAULT false,
    protection text,
    UNIQUE (licensee_id, name)
) WITH (fillfactor = 80);

CREATE TABLE account (
    id bigint PRIMARY KEY,
    licensee_id smallint NOT NULL,
    player_id bigint,
    shard smallint NOT NULL,
    asset_id integer NOT NULL,
    exponent smallint NOT NULL,
    class smallint NOT NULL,
    source_id smallint NOT NULL DEFAULT 0,
    debits numeric(38) NOT NULL DEFAULT 0 CHECK (debits >= 0),
    credits numeric(38) NOT NULL DEFAULT 0 CHECK (credits >= 0),
    -- The exponent is part of the reference, so an asset in use cannot change it.
    FOREIGN KEY (asset_id, exponent) REFERENCES asset (id, exponent),
    CONSTRAINT account_owner CHECK ((class < 10) = (player_id IS NOT NULL)),
    CONSTRAINT account_floor CHECK (class >= 10 OR credits >= debits),
    CONSTRAINT account_ceiling CHECK (class >= 10 OR credits - debits <= 9223372036854775807)
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX account_of_player ON account (player_id, asset_id, class) WHERE player_id IS NOT NULL;
CREATE UNIQUE INDEX account_of_house ON account (shard, licensee_id, asset_id, class, source_id) WHERE player_id IS NULL;

CREATE TABLE transfer (
    sequence bigint NOT NULL CHECK (sequence > 0),
    operation bigint NOT NULL,
    player_id bigint NOT NULL,
    amount bigint CHECK (amount >= 0),
    debit_id bigint,
    credit_id bigint,
    moved bigint CHECK (moved > 0),
    available bigint CHECK (available >= 0),
    undoes bigint,
    recorded_us bigint NOT NULL,
    asset_id integer,
    shard smallint NOT NULL,
    licensee_id smallint NOT NULL,
    source_id smallint NOT NULL,
    kind smallint NOT NULL,
    outcome smallint NOT NULL,
    opened_case smallint,
    debit_after numeric(38),
    credit_after numeric(38),
    key text COLLATE "C",
    fingerprint bytea,
    round text COLLATE "C",
    game text COLLATE "C",
    session text COLLATE "C",
    reference text COLLATE "C",
    limit_kind text COLLATE "C",
    details text COLLATE "C",
    pack text COLLATE "C",
    decision text COLLATE "C",
    request_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, sequence),
    CONSTRAINT transfer_two_sides CHECK (
        (moved IS NULL) = (debit_id IS NULL) AND (moved IS NULL) = (credit_id IS NULL) AND debit_id <> credit_id
    ),
    CONSTRAINT transfer_refused_moves_nothing CHECK (outcome = 1 OR moved IS NULL)
);
-- By a hash of 64 bits within one player, so that a long key costs no more than a short one. A player names its licensee.
CREATE UNIQUE INDEX transfer_key ON transfer (player_id, hashtextextended(key, source_id * 1024 + kind))
    WHERE key IS NOT NULL;
CREATE UNIQUE INDEX transfer_undone_once ON transfer (shard, undoes) WHERE undoes IS NOT NULL;
-- Entries of a player share an index entry per 65,536 of their shard's; within one, they are sorted when they are read.
CREATE INDEX transfer_of_player ON transfer (player_id, (sequence >> 16));
COMMENT ON TABLE transfer IS 'The log. One row is one answer and, where money moved, both sides of the posting. Never changed.';

CREATE TABLE batch (
    shard smallint NOT NULL REFERENCES shard,
    first_sequence bigint NOT NULL,
    count integer NOT NULL CHECK (count > 0),
    previous bytea NOT NULL CHECK (length(previous) = 32),
    digest bytea NOT NULL,
    root bytea NOT NULL CHECK (length(root) = 32),
    writer text NOT NULL,
    recorded_us bigint NOT NULL,
    PRIMARY KEY (shard, first_sequence),
    UNIQUE (shard, previous),
    CONSTRAINT batch_digest CHECK (
        digest = sha256('\x02' || previous || int2send(shard) || int8send(first_sequence) || int4send(count) || root)
    )
);
COMMENT ON TABLE batch IS 'The chain: each batch names the digest before it, once, and the root of the tree over all entries up to it.';

CREATE TABLE round (
    player_id bigint NOT NULL,
    opened_sequence bigint NOT NULL,
    opened_us bigint NOT NULL,
    closed_us bigint,
    asset_id integer NOT NULL,
    source_id smallint NOT NULL,
    state smallint NOT NULL CHECK (state IN (1, 2)),
    name text COLLATE "C" NOT NULL,
    PRIMARY KEY (player_id, source_id, name),
    CHECK ((state = 2) = (closed_us IS NOT NULL))
) WITH (fillfactor = 90);

CREATE TABLE hold (
    player_id bigint NOT NULL,
    source_id smallint NOT NULL,
    key text COLLATE "C" NOT NULL,
    asset_id integer NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    captured bigint NOT NULL CHECK (captured >= 0),
    released bigint NOT NULL CHECK (released >= 0),
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 4),
    expires_us bigint,
    PRIMARY KEY (player_id, source_id, key),
    CONSTRAINT hold_never_exceeded CHECK (captured + released <= amount),
    CONSTRAINT hold_ends_empty CHECK ((state = 1) = (captured + released < amount))
);
CREATE INDEX hold_due ON hold (expires_us) WHERE state = 1 AND expires_us IS NOT NULL;

CREATE TABLE play (
    session text COLLATE "C" NOT NULL,
    player_id bigint NOT NULL,
    source_id smallint NOT NULL,
    asset_id integer NOT NULL,
    game text COLLATE "C" NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 3),
    expires_us bigint,
    PRIMARY KEY (player_id, session)
);
COMMENT ON TABLE play IS 'Sessions that may stake, or could once.';

CREATE FUNCTION history_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is final: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER transfer_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer EXECUTE FUNCTION history_is_final();
CREATE TRIGGER batch_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON batch EXECUTE FUNCTION history_is_final();

INSERT INTO source (name) VALUES ('cashier'), ('compliance_svc'), ('session_svc'), ('platform');
INSERT INTO shard (id) SELECT generate_series(0, current_setting('pitboss.shards')::integer - 1);
