-- What a player fixes for a session before it begins.

ALTER TABLE session ADD COLUMN check_every_s integer;
ALTER TABLE session ADD COLUMN spend_limit text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN seconds_limit integer;
