-- What the law has to know of a session: since when, until when, and what the player chose for it.
-- When a withdrawal was asked for: what is taken back counts at that moment.

ALTER TABLE play ADD COLUMN permit text COLLATE "C";
ALTER TABLE hold ADD COLUMN asked_us bigint NOT NULL DEFAULT 0;
