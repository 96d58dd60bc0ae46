-- A source of facts whose own process is gone cannot say so: what it has said about itself holds for a time only.

ALTER TABLE source_health ADD COLUMN until_us bigint;
COMMENT ON COLUMN source_health.until_us IS 'Until when this is known; silent from then on. NULL: until further notice.';
