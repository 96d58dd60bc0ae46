-- What players' money changed by on each day, by currency, source and kind: the log added up, once, behind it.

CREATE TABLE day_total (
    licensee_id smallint NOT NULL,
    asset_id integer NOT NULL,
    day integer NOT NULL CHECK (day >= 0),
    source_id smallint NOT NULL,
    kind smallint NOT NULL,
    postings bigint NOT NULL CHECK (postings > 0),
    cash numeric(38) NOT NULL,
    held numeric(38) NOT NULL,
    bonus numeric(38) NOT NULL,
    receivable numeric(38) NOT NULL,
    PRIMARY KEY (licensee_id, asset_id, day, source_id, kind)
);
COMMENT ON COLUMN day_total.day IS 'Days since 1970, in UTC, by the time of recording.';

CREATE TABLE total_cursor (
    shard smallint PRIMARY KEY REFERENCES shard,
    sequence bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE total_cursor IS 'How far each log was added up; moves in the transaction that adds.';
INSERT INTO total_cursor (shard) SELECT id FROM shard;

-- Finds the rows of a span of time in a log that is written in the order of time. It costs an insert next to nothing.
CREATE INDEX transfer_by_time ON transfer USING brin (recorded_us) WITH (pages_per_range = 32);
