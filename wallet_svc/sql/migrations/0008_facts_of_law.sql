-- What the law asks beside the log: papers of games, licences, kill switches, sources that are silent, exchange rates, what the
-- exclusion register said last about a player, and which sessions are open.

ALTER TABLE licensee ADD COLUMN licences text[] COLLATE "C" NOT NULL DEFAULT '{}';
COMMENT ON COLUMN licensee.licences IS 'Law packs for which it has a licence. Empty: for all.';

ALTER TABLE game ADD COLUMN build text COLLATE "C";
ALTER TABLE game ADD COLUMN certified_builds text[] COLLATE "C";
ALTER TABLE game ADD COLUMN progressive boolean NOT NULL DEFAULT false;
ALTER TABLE game ADD CONSTRAINT game_papers CHECK ((build IS NULL) = (certified_builds IS NULL));
COMMENT ON COLUMN game.build IS 'The build that runs. Null: nobody has shown papers, and who enables the game vouches for them.';

CREATE TABLE suspension (
    scope smallint NOT NULL CHECK (scope BETWEEN 1 AND 6),
    licensee_id smallint NOT NULL,
    source_id smallint NOT NULL,
    name text COLLATE "C" NOT NULL,
    suspended boolean NOT NULL,
    since_us bigint NOT NULL,
    PRIMARY KEY (scope, licensee_id, source_id, name)
);
COMMENT ON TABLE suspension IS 'Kill switches. A row stays when its switch is taken back: sessions opened before it was thrown are over.';
COMMENT ON COLUMN suspension.licensee_id IS 'Zero: for every licensee.';
COMMENT ON COLUMN suspension.since_us IS 'When it was thrown last.';

CREATE TABLE source_health (
    name text COLLATE "C" PRIMARY KEY,
    silent boolean NOT NULL
);
COMMENT ON TABLE source_health IS 'Whether sources of facts outside answer. Absent: yes.';

CREATE TABLE rate (
    licensee_id smallint NOT NULL REFERENCES licensee,
    from_code text COLLATE "C" NOT NULL,
    to_code text COLLATE "C" NOT NULL,
    value numeric(30) NOT NULL CHECK (value > 0),
    decimals smallint NOT NULL CHECK (decimals BETWEEN 0 AND 15),
    observed_us bigint NOT NULL,
    max_age_us bigint NOT NULL CHECK (max_age_us > 0),
    PRIMARY KEY (licensee_id, from_code, to_code)
);
COMMENT ON TABLE rate IS 'One unit of the first currency is value / 10^decimals of the second.';

ALTER TABLE player ADD COLUMN register text COLLATE "C";
COMMENT ON COLUMN player.register IS 'What the exclusion register said when it was asked last. Follows from the log.';

CREATE INDEX play_open ON play (player_id, coalesce(expires_us, 9223372036854775807)) WHERE state = 0;

ALTER TABLE player ADD COLUMN person text COLLATE "C";
COMMENT ON COLUMN player.person IS 'A keyed digest that names the human. Null: not known.';
CREATE INDEX player_of_person ON player (licensee_id, person) WHERE person IS NOT NULL;

ALTER TABLE licensee ADD COLUMN assertion_key bytea CHECK (length(assertion_key) = 32);
ALTER TABLE licensee ADD COLUMN assertion_max_age_us bigint CHECK (assertion_max_age_us > 0);
ALTER TABLE licensee ADD CONSTRAINT licensee_assertions CHECK ((assertion_key IS NULL) = (assertion_max_age_us IS NULL));
COMMENT ON COLUMN licensee.assertion_key IS 'Public key of a licensee that vouches for limits and exclusions itself. Null: it does not.';
