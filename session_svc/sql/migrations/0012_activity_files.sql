-- Sessions that a cross-operator activity file may count.

ALTER TABLE session ADD COLUMN activity_since timestamptz;
COMMENT ON COLUMN session.activity_since IS 'An activity file may count the session: when to tell of its end next. Null: none counts it.';
CREATE INDEX session_to_be_left ON session (activity_since)
    WHERE activity_since IS NOT NULL AND state IN ('closed', 'ended', 'expired', 'failed', 'replaced');
