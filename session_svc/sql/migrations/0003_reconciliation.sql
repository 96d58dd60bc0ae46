-- What providers' own records and the ledger disagree about, and how far they were compared.

CREATE TABLE reconciliation_case (
    provider text COLLATE "C" NOT NULL,
    licensee text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    transaction_key text COLLATE "C" NOT NULL,
    case_class text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    round_id text COLLATE "C" NOT NULL,
    amount_there numeric,
    amount_here numeric,
    state_there text COLLATE "C" NOT NULL,
    state_here text COLLATE "C" NOT NULL,
    outcome_here text COLLATE "C" NOT NULL,
    round_here text COLLATE "C" NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    happened_at timestamptz NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    resolved_at timestamptz,
    PRIMARY KEY (provider, licensee, player_id, kind, transaction_key, case_class)
);
COMMENT ON TABLE reconciliation_case IS 'Differences between a provider and the ledger, with what each side has. Resolved ones stay.';
CREATE INDEX reconciliation_case_open ON reconciliation_case (provider, happened_at) WHERE resolved_at IS NULL;
CREATE INDEX reconciliation_case_newest ON reconciliation_case (first_seen_at);

CREATE TABLE reconciliation_run (
    provider text COLLATE "C" NOT NULL,
    day text COLLATE "C" NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    run_at timestamptz NOT NULL,
    messages bigint NOT NULL,
    cases bigint NOT NULL,
    PRIMARY KEY (provider, day)
);
COMMENT ON TABLE reconciliation_run IS 'Each whole day that was compared; without a day, the last minutes: they go on where these end.';
