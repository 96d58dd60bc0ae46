-- Decisions, read from the ledger's feed, and the exact position of that reading.

CREATE TABLE decision (
    shard smallint NOT NULL,
    sequence bigint NOT NULL,
    licensee text NOT NULL,
    player text NOT NULL,
    kind smallint NOT NULL,
    key text NOT NULL,
    source text NOT NULL,
    outcome smallint NOT NULL,
    allowed boolean NOT NULL,
    record text NOT NULL,
    recorded_us bigint NOT NULL,
    PRIMARY KEY (shard, sequence)
);
CREATE INDEX decision_of_player ON decision (licensee, player, sequence);

CREATE TABLE feed_cursor (
    shard smallint PRIMARY KEY,
    sequence bigint NOT NULL
);
