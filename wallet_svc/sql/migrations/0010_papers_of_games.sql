-- What papers of games were shown, and since when: a round is told with the papers that held when it was played. And how far
-- rounds of a provider can be reproduced.

CREATE TABLE game_papers (
    change bigint PRIMARY KEY CHECK (change > 0),
    licensee_id smallint NOT NULL,
    source_id smallint NOT NULL REFERENCES source,
    name text COLLATE "C" NOT NULL,
    since_us bigint NOT NULL,
    build text COLLATE "C" NOT NULL,
    certified_builds text[] COLLATE "C" NOT NULL,
    progressive boolean NOT NULL,
    certificate text COLLATE "C" NOT NULL DEFAULT '',
    return_ppm integer NOT NULL DEFAULT 0 CHECK (return_ppm BETWEEN 0 AND 2000000),
    deviation_ppm bigint NOT NULL DEFAULT 0 CHECK (deviation_ppm >= 0)
);
CREATE INDEX game_papers_of_game ON game_papers (source_id, name, licensee_id, change DESC);
COMMENT ON TABLE game_papers IS 'Papers as they were shown. A row never changes; the next one of the game follows it.';
COMMENT ON COLUMN game_papers.licensee_id IS 'Zero: for every licensee that has none of its own.';
COMMENT ON COLUMN game_papers.return_ppm IS 'Certified return to the player in millionths of the stakes. Zero: not told.';
COMMENT ON COLUMN game_papers.deviation_ppm IS 'Certified standard deviation of the return of one stake, in millionths of it. Zero: not told.';

-- Papers that were shown before there was this table hold since it is there: nobody wrote down since when.
INSERT INTO game_papers (change, licensee_id, source_id, name, since_us, build, certified_builds, progressive)
SELECT row_number() OVER (ORDER BY source_id, name, licensee_id), licensee_id, source_id, name,
    (extract(epoch FROM now()) * 1000000)::bigint, build, certified_builds, progressive
FROM game WHERE build IS NOT NULL;

ALTER TABLE provider_account ADD COLUMN reproduction smallint NOT NULL DEFAULT 2 CHECK (reproduction BETWEEN 1 AND 4);
COMMENT ON COLUMN provider_account.reproduction IS '1: R0, money; 2: R1, decisions too; 3: R2, messages too; 4: R3, attested by the provider.';
