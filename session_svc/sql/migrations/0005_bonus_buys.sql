-- Free rounds that begin with the game's bonus.

ALTER TABLE free_round_grant ADD COLUMN bonus_buy boolean NOT NULL DEFAULT false;
