-- Deposits that a cross-operator limit file was asked to keep, until it is known whether they were booked.

CREATE TABLE reserved_deposit (
    reference text COLLATE "C" NOT NULL,
    file text COLLATE "C" NOT NULL,
    licensee text COLLATE "C" NOT NULL,
    player text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    amount text COLLATE "C" NOT NULL,
    effective_us bigint,
    created_us bigint NOT NULL,
    next_attempt_us bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    last_error text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (reference, file)
) WITH (fillfactor = 70);
CREATE INDEX reserved_deposit_due ON reserved_deposit (next_attempt_us);
COMMENT ON TABLE reserved_deposit IS 'Notes of what may count in a limit file. Made before the file is asked, removed when the deposit is booked, or taken back there.';
COMMENT ON COLUMN reserved_deposit.reference IS 'Our name of the deposit, as the file has it.';
