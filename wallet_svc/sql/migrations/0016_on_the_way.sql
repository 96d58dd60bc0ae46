-- Notes of what happened on the way to a transaction and from it, for people who ask: calls to a licensee's own wallet, and
-- messages of providers that nobody believed. No balance and no answer depends on them, and they may be lost or removed.

CREATE TABLE upstream_attempt (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    shard smallint NOT NULL,
    sequence bigint NOT NULL,
    intent bigint,
    at_us bigint NOT NULL,
    took_us bigint NOT NULL,
    method text COLLATE "C" NOT NULL,
    answered text COLLATE "C" NOT NULL,
    outcome smallint
);
CREATE INDEX upstream_attempt_of_entry ON upstream_attempt (sequence, shard);
CREATE INDEX upstream_attempt_of_intent ON upstream_attempt (intent, shard) WHERE intent IS NOT NULL;
CREATE INDEX upstream_attempt_by_time ON upstream_attempt USING brin (at_us);
COMMENT ON TABLE upstream_attempt IS 'Notes of calls to licensees'' own wallets. Written in batches, may be lost, never part of a decision.';
COMMENT ON COLUMN upstream_attempt.sequence IS 'With the shard, the key that was sent.';
COMMENT ON COLUMN upstream_attempt.intent IS 'Position of the intent that a cancel is about.';
COMMENT ON COLUMN upstream_attempt.outcome IS 'What the answer meant to us. Null: nothing was known.';

CREATE TABLE refused_message (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    provider text COLLATE "C" NOT NULL,
    at_us bigint NOT NULL,
    noted_us bigint NOT NULL,
    event text COLLATE "C" NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    path text COLLATE "C" NOT NULL,
    body_bytes integer NOT NULL,
    names bigint[] NOT NULL
);
CREATE INDEX refused_message_by_time ON refused_message (provider, noted_us);
CREATE INDEX refused_message_of_name ON refused_message USING gin (names);
COMMENT ON TABLE refused_message IS 'Notes of messages that an adapter did not believe. A provider has only so many an hour, whoever sends how much.';
COMMENT ON COLUMN refused_message.names IS 'Digests of the values in the message, so that it is found by a key that it names. Never the values.';
