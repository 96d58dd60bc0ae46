-- Why the law ended a session, and sessions whose player has fixed a time.

ALTER TABLE session ADD COLUMN end_reason text COLLATE "C" NOT NULL DEFAULT '';
COMMENT ON COLUMN session.end_reason IS 'Reason code of the law that ended it. Empty: it did not, or nobody knows any more.';
CREATE INDEX session_out_of_time ON session (changed_at) WHERE state = 'active' AND seconds_limit IS NOT NULL;
COMMENT ON TABLE player_exclusion IS 'By what the law ended all sessions of a player last: those that were opened before it are over.';
COMMENT ON COLUMN session.opened_sequence IS 'Where the ledger opened it; what the law ends after this ends it.';
