-- What games return to players. Sums that can be made anew from the records of rounds; alerts are entries of the log.

CREATE TABLE game_return (
    provider text COLLATE "C" NOT NULL,
    game text COLLATE "C" NOT NULL,
    build text COLLATE "C" NOT NULL,
    return_ppm bigint NOT NULL,
    deviation_ppm bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    band text COLLATE "C" NOT NULL,
    rounds bigint NOT NULL,
    staked numeric NOT NULL,
    won numeric NOT NULL,
    squares numeric NOT NULL,
    next_look bigint NOT NULL CHECK (next_look > 0),
    PRIMARY KEY (provider, game, build, return_ppm, deviation_ppm, currency, band)
);
COMMENT ON COLUMN game_return.squares IS 'Sum of the squares of the stakes of rounds.';
COMMENT ON COLUMN game_return.next_look IS 'Number of rounds at which the group is judged next. It doubles with each look.';

CREATE INDEX entry_of_records ON entry (index) WHERE class = 4 AND source LIKE 'rounds/%';
