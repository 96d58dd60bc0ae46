-- The audit log. Nothing here is ever changed; what may go are payloads whose time is over, and keys of players who are
-- erased, both only by the functions at the end.

CREATE TABLE batch (
    first_index bigint PRIMARY KEY CHECK (first_index >= 0),
    count integer NOT NULL CHECK (count > 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    frontier bytea NOT NULL,
    checkpoint text NOT NULL,
    recorded_us bigint NOT NULL
);
COMMENT ON TABLE batch IS 'What was appended together, and the signed tree after it. Who plans on an old end collides on the key.';
COMMENT ON COLUMN batch.frontier IS 'Peaks of the tree after the batch, the largest first.';

CREATE TABLE progress (
    source text COLLATE "C" NOT NULL,
    after bigint NOT NULL,
    position bigint NOT NULL CHECK (position > after),
    first_index bigint NOT NULL,
    PRIMARY KEY (source, after)
);
COMMENT ON TABLE progress IS 'Spans of the sources that are in the log, each beginning where one ended.';

CREATE TABLE subject_key (
    subject uuid PRIMARY KEY,
    licensee text COLLATE "C" NOT NULL,
    player text COLLATE "C" NOT NULL,
    sealed bytea NOT NULL,
    UNIQUE (licensee, player)
);
COMMENT ON TABLE subject_key IS 'Who a pseudonym is, and the sealed key of that player''s payloads. Without the row neither is known any more.';

CREATE TABLE entry (
    index bigint PRIMARY KEY,
    class smallint NOT NULL,
    recorded_us bigint NOT NULL,
    source text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    subject uuid,
    commitment bytea NOT NULL CHECK (length(commitment) = 32),
    leaf_hash bytea NOT NULL CHECK (length(leaf_hash) = 32),
    CONSTRAINT entry_once UNIQUE (source, key)
);
CREATE INDEX entry_of_subject ON entry (subject, index) WHERE subject IS NOT NULL;

CREATE TABLE payload (
    index bigint PRIMARY KEY REFERENCES entry,
    sealed bytea NOT NULL
);
COMMENT ON TABLE payload IS 'Salt and event under the key of the player, or of the house.';

CREATE TABLE subtree (
    level smallint NOT NULL CHECK (level > 0 AND level % 8 = 0),
    index bigint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, index)
);
COMMENT ON TABLE subtree IS 'Roots of complete subtrees of 256, 65536, ... leaves, so that a proof reads few hashes.';

CREATE TABLE cosignature (
    tree_size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    PRIMARY KEY (tree_size, witness)
);
COMMENT ON TABLE cosignature IS 'What witnesses signed, each a line of the note.';

CREATE TABLE hold (
    hold_id text COLLATE "C" PRIMARY KEY,
    licensee text COLLATE "C" NOT NULL,
    player text COLLATE "C" NOT NULL,
    placed_us bigint NOT NULL
);
COMMENT ON COLUMN hold.player IS 'Empty: every player of the licensee.';

CREATE TABLE hold_end (
    hold_id text COLLATE "C" PRIMARY KEY REFERENCES hold,
    released_us bigint NOT NULL
);

CREATE TABLE keeping (
    number bigint PRIMARY KEY CHECK (number > 0),
    what text NOT NULL,
    name text COLLATE "C" NOT NULL,
    entries bigint NOT NULL,
    recorded_us bigint NOT NULL
);
COMMENT ON TABLE keeping IS 'What was done to payloads, in order. It becomes part of the log, as other services'' logs do.';

CREATE FUNCTION note_keeping(what text, name text, entries bigint, now_us bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO keeping VALUES ((SELECT coalesce(max(number), 0) + 1 FROM keeping), $1, $2, $3, $4)
$$;

CREATE FUNCTION active_hold(of_licensee text, of_player text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT hold_id FROM hold
    WHERE licensee = of_licensee AND player IN ('', of_player)
      AND NOT EXISTS (SELECT FROM hold_end WHERE hold_end.hold_id = hold.hold_id)
    ORDER BY hold_id LIMIT 1
$$;

-- Whoever calls these has no right of its own to delete anything: the conditions hold for everybody.
CREATE FUNCTION erase_player(of_licensee text, of_player text, keep_us bigint[], now_us bigint)
RETURNS TABLE (erased bigint, hold_id text, until_us bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found uuid;
BEGIN
    -- One after the other with whoever appends: no entry is sealed with a key that is going.
    PERFORM pg_advisory_xact_lock(hashtext('pitboss audit log'));
    SELECT subject INTO found FROM subject_key AS known WHERE known.licensee = of_licensee AND known.player = of_player;
    IF found IS NULL THEN
        RETURN QUERY SELECT 0::bigint, NULL::text, NULL::bigint;
        RETURN;
    END IF;
    hold_id := active_hold(of_licensee, of_player);
    IF hold_id IS NOT NULL THEN
        RETURN QUERY SELECT 0::bigint, hold_id, NULL::bigint;
        RETURN;
    END IF;
    SELECT max(entry.recorded_us + keep_us[entry.class]) INTO until_us FROM entry WHERE entry.subject = found;
    IF until_us > now_us THEN
        RETURN QUERY SELECT 0::bigint, NULL::text, until_us;
        RETURN;
    END IF;
    DELETE FROM subject_key WHERE subject_key.subject = found;
    SELECT count(*) INTO erased FROM entry WHERE entry.subject = found;
    PERFORM note_keeping('erased', found::text, erased, now_us);
    RETURN QUERY SELECT erased, NULL::text, NULL::bigint;
END $$;

CREATE FUNCTION expire_payloads(keep_us bigint[], now_us bigint, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('pitboss audit log'));
    WITH due AS (
        SELECT payload.index FROM payload JOIN entry USING (index) LEFT JOIN subject_key USING (subject)
        WHERE entry.recorded_us + keep_us[entry.class] <= now_us
          AND (subject_key.subject IS NULL OR active_hold(subject_key.licensee, subject_key.player) IS NULL)
          -- Events of the house may be evidence in any case, so any hold keeps them.
          AND (entry.subject IS NOT NULL OR NOT EXISTS (
              SELECT FROM hold WHERE NOT EXISTS (SELECT FROM hold_end WHERE hold_end.hold_id = hold.hold_id)))
        ORDER BY payload.index LIMIT most
    )
    DELETE FROM payload USING due WHERE payload.index = due.index;
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone > 0 THEN
        PERFORM note_keeping('expired', '', gone, now_us);
    END IF;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION erase_player, expire_payloads, active_hold, note_keeping FROM PUBLIC;
