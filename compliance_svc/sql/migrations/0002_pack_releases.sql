-- Law packs on their way into force, and everything that was done about them. Insert only: what a pack has become is read from
-- its events. The wallets have a copy of their own of what is law.

CREATE TABLE pack_release (
    licensee text NOT NULL,
    digest text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    content text NOT NULL,
    recorded_us bigint NOT NULL,
    PRIMARY KEY (licensee, digest)
);
COMMENT ON COLUMN pack_release.licensee IS 'Whose own stricter rules they are. Empty: the rules of a market.';

CREATE TABLE pack_event (
    position bigint PRIMARY KEY,
    kind smallint NOT NULL,
    licensee text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    digest text NOT NULL,
    signatures text NOT NULL,
    persons text[] NOT NULL,
    refusal text NOT NULL,
    detail text NOT NULL,
    recorded_us bigint NOT NULL
);
COMMENT ON COLUMN pack_event.position IS 'Without gaps: whoever follows the events sees that none is missing.';

-- What a pack that decides beside the law would have decided otherwise.
CREATE TABLE shadow_difference (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pack_digest text NOT NULL,
    shard smallint NOT NULL,
    sequence bigint NOT NULL,
    licensee text NOT NULL,
    player text NOT NULL,
    before_record text NOT NULL,
    after_record text NOT NULL,
    UNIQUE (pack_digest, shard, sequence)
);

-- What was decided in a span of time, for simulations. Small, and nearly free to keep.
CREATE INDEX decision_by_time ON decision USING brin (recorded_us);
