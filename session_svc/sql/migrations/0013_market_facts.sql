-- What providers say of a game market by market.

ALTER TABLE game ADD COLUMN return_ppm integer NOT NULL DEFAULT 0 CHECK (return_ppm BETWEEN 0 AND 2000000);
ALTER TABLE game ADD COLUMN languages text[] NOT NULL DEFAULT '{}';
ALTER TABLE game ADD COLUMN markets jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN game.return_ppm IS '0: not told.';
COMMENT ON COLUMN game.markets IS 'What is told market by market.';
