-- What risk monitoring remembers of players, how far it has read each shard, and cases. Events are insert only: what has become of a
-- case is read from them; its state is repeated beside it, so that open ones are found.

CREATE TABLE risk_cursor (
    shard smallint PRIMARY KEY,
    sequence bigint NOT NULL
);

CREATE TABLE risk_total (
    licensee text NOT NULL,
    player text NOT NULL,
    currency text NOT NULL,
    totals text NOT NULL,
    PRIMARY KEY (licensee, player, currency)
);

CREATE TABLE risk_movement (
    shard smallint NOT NULL,
    sequence bigint NOT NULL,
    licensee text NOT NULL,
    player text NOT NULL,
    currency text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    at_us bigint NOT NULL,
    amount numeric NOT NULL,
    staked_before numeric NOT NULL,
    won_before numeric NOT NULL,
    PRIMARY KEY (shard, sequence)
);
CREATE INDEX risk_movement_of_player ON risk_movement (licensee, player, currency, at_us);
COMMENT ON COLUMN risk_movement.amount IS 'In 10**-18 main units. Of a withdrawal: without what came back.';

CREATE TABLE risk_case (
    case_id text PRIMARY KEY,
    number bigint NOT NULL UNIQUE,
    licensee text NOT NULL,
    player text NOT NULL,
    currency text NOT NULL,
    rule text NOT NULL,
    requirement text NOT NULL,
    pack text NOT NULL,
    pack_digest text NOT NULL,
    found_us bigint NOT NULL,
    observed numeric NOT NULL,
    threshold numeric NOT NULL,
    entries integer NOT NULL,
    evidence text[] NOT NULL,
    summary text NOT NULL,
    flag_until_us bigint NOT NULL,
    state smallint NOT NULL,
    frozen boolean NOT NULL
);
COMMENT ON COLUMN risk_case.number IS 'Position of its first event.';
CREATE INDEX risk_case_of_player ON risk_case (licensee, player, number);
CREATE INDEX risk_case_unfinished ON risk_case (number) WHERE state < 3;

CREATE TABLE risk_case_event (
    position bigint PRIMARY KEY,
    case_id text NOT NULL REFERENCES risk_case,
    kind smallint NOT NULL,
    action smallint,
    person text NOT NULL,
    note text NOT NULL,
    proposal bigint NOT NULL,
    recorded_us bigint NOT NULL
);
COMMENT ON COLUMN risk_case_event.position IS 'Without gaps: whoever follows the events sees that none is missing.';
CREATE INDEX risk_case_event_of_case ON risk_case_event (case_id, position);

CREATE TABLE risk_order (
    key text PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    case_id text NOT NULL REFERENCES risk_case,
    action smallint,
    until_us bigint NOT NULL,
    done boolean NOT NULL DEFAULT false
);
CREATE INDEX risk_order_waiting ON risk_order (number) WHERE NOT done;
