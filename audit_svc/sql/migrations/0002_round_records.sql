-- Where in the log the events of a round are, so that its record can be made and found.

CREATE TABLE round_place (
    index bigint PRIMARY KEY REFERENCES entry,
    round bytea NOT NULL CHECK (length(round) = 32)
);
CREATE INDEX round_place_of_round ON round_place (round, index);
COMMENT ON COLUMN round_place.round IS 'A digest of the round''s name, under a key that is in no database.';

CREATE INDEX entry_of_rounds ON entry (source, index) WHERE class = 4;

-- Who is forgotten is not found by his rounds either.
CREATE FUNCTION forget_places() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM round_place USING entry WHERE entry.index = round_place.index AND entry.subject = OLD.subject;
    RETURN OLD;
END $$;
REVOKE ALL ON FUNCTION forget_places FROM PUBLIC;
CREATE TRIGGER forget_places AFTER DELETE ON subject_key FOR EACH ROW EXECUTE FUNCTION forget_places();
