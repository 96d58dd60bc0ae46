-- What games can do that some markets forbid, as their papers tell it.

ALTER TABLE game_papers ADD COLUMN features text[] COLLATE "C" NOT NULL DEFAULT '{}';
