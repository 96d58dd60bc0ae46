-- Winnings that are put aside until a person has decided: held like a withdrawal that nobody has asked for.

ALTER TABLE hold ADD COLUMN aside boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN hold.aside IS 'A win of a player who is frozen or proven to be under age. It counts for no limit.';
