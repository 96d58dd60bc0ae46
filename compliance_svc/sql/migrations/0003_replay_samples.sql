-- Samples of decisions that were decided again, shard by shard: how far the last sample went, and what did not come out the same.
-- Insert only.

CREATE TABLE replay_sample (
    shard smallint NOT NULL,
    until bigint NOT NULL,
    sampled integer NOT NULL,
    other_kernel integer NOT NULL,
    looked_us bigint NOT NULL,
    PRIMARY KEY (shard, until)
);
COMMENT ON COLUMN replay_sample.until IS 'Last sequence that the sample was drawn from. The next one is drawn from what follows.';
COMMENT ON COLUMN replay_sample.other_kernel IS 'Of these, decided by another version of the kernel, which this one does not repeat.';

CREATE TABLE replay_difference (
    shard smallint NOT NULL,
    sequence bigint NOT NULL,
    problem text NOT NULL,
    found_us bigint NOT NULL,
    PRIMARY KEY (shard, sequence)
);
