-- Law packs that were released while services ran, with the signatures that make them law; and the end of some of them.
-- They are part of the registry: whoever writes here moves the version in every head, so that no batch commits that was
-- decided under the law before.

CREATE TABLE law_pack (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    licensee text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    digest text NOT NULL,
    content text NOT NULL,
    signatures text NOT NULL,
    recorded_us bigint NOT NULL,
    UNIQUE (licensee, digest),
    UNIQUE (licensee, name, version)
);
COMMENT ON COLUMN law_pack.licensee IS 'Whose own stricter rules they are. Empty: the rules of a market.';
COMMENT ON COLUMN law_pack.recorded_us IS 'When it became known here. From when it holds stands in its content.';

CREATE TABLE law_pack_end (
    pack_id bigint PRIMARY KEY REFERENCES law_pack,
    signatures text NOT NULL,
    recorded_us bigint NOT NULL
);

CREATE TRIGGER law_pack_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON law_pack EXECUTE FUNCTION history_is_final();
CREATE TRIGGER law_pack_end_is_final
    BEFORE UPDATE OR DELETE OR TRUNCATE ON law_pack_end EXECUTE FUNCTION history_is_final();
