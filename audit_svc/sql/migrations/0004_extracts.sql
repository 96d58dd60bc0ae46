-- What regulators are given. A file is made once and never changed; what changes later is another one, with a number.

CREATE TABLE extract (
    market text COLLATE "C" NOT NULL,
    licensee text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    from_us bigint NOT NULL,
    to_us bigint NOT NULL CHECK (to_us > from_us),
    number integer NOT NULL CHECK (number >= 0),
    schema text COLLATE "C" NOT NULL,
    pseudonym_key text COLLATE "C" NOT NULL,
    told bytea NOT NULL CHECK (length(told) = 32),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    rounds bigint NOT NULL CHECK (rounds >= 0),
    json_sha256 text NOT NULL CHECK (json_sha256 = encode(sha256(json), 'hex')),
    xml_sha256 text NOT NULL CHECK (xml_sha256 = encode(sha256(xml), 'hex')),
    json bytea NOT NULL,
    xml bytea NOT NULL,
    recorded_us bigint NOT NULL,
    PRIMARY KEY (market, licensee, sequence),
    CONSTRAINT extract_once UNIQUE (market, licensee, from_us, to_us, number)
);
COMMENT ON COLUMN extract.sequence IS 'Place among the extracts of a licensee in a market; each names the digest of the one before.';
COMMENT ON COLUMN extract.told IS 'Digest of rounds and totals alone: whoever has the same to say makes no correction.';
COMMENT ON COLUMN extract.digest IS 'SHA-256 of the schema and the digests of both files.';

CREATE TABLE extract_seal (
    market text COLLATE "C" NOT NULL,
    licensee text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    seal bytea NOT NULL,
    recorded_us bigint NOT NULL,
    PRIMARY KEY (market, licensee, sequence),
    FOREIGN KEY (market, licensee, sequence) REFERENCES extract
);
COMMENT ON TABLE extract_seal IS 'What a token service of the authority signed about an extract.';

CREATE INDEX entry_of_records_by_time ON entry (recorded_us, index) WHERE class = 4 AND source LIKE 'rounds/%';
