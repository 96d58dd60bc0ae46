-- Notes of what was asked again: replays, refused re-use of keys, and answers that use up no key. For people who ask
-- what a caller did; no balance and no answer depends on them, and they may be lost or removed.

CREATE TABLE attempt (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    licensee_id smallint NOT NULL,
    player_id bigint NOT NULL,
    source_id smallint NOT NULL,
    kind smallint NOT NULL,
    key text COLLATE "C" NOT NULL,
    at_us bigint NOT NULL,
    caller text COLLATE "C" NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    outcome smallint NOT NULL,
    replayed boolean NOT NULL,
    content text COLLATE "C"
);
CREATE INDEX attempt_of_player ON attempt (player_id, key);
CREATE INDEX attempt_by_time ON attempt USING brin (at_us);
COMMENT ON TABLE attempt IS 'Notes behind the answers. Written in batches, may be lost, never part of a decision.';
COMMENT ON COLUMN attempt.content IS 'What a refused re-use of a key asked for, as JSON. Null where it was the stored content.';
