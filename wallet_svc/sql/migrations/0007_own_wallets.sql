-- Licensees that keep their players' money in a wallet of their own: where it is, and what it still has to hear.

ALTER TABLE licensee ADD COLUMN wallet_address text COLLATE "C";
ALTER TABLE licensee ADD COLUMN wallet_key text COLLATE "C";
ALTER TABLE licensee ADD COLUMN wallet_deadline_us bigint CHECK (wallet_deadline_us > 0);
ALTER TABLE licensee ADD CONSTRAINT licensee_wallet CHECK (
    (wallet_address IS NULL) = (wallet_key IS NULL) AND (wallet_address IS NULL) = (wallet_deadline_us IS NULL)
);
COMMENT ON COLUMN licensee.wallet_address IS 'Where its own wallet is. Null: the ledger keeps its players'' money.';

ALTER TABLE player ADD COLUMN mirror text COLLATE "C";
COMMENT ON COLUMN player.mirror IS 'Of a player whose licensee has a wallet of its own: the open intent, how much is owed, the cash it told last.';

CREATE TABLE pending_call (
    shard smallint NOT NULL,
    sequence bigint NOT NULL,
    player_id bigint NOT NULL,
    licensee_id smallint NOT NULL,
    kind smallint NOT NULL,
    stuck boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_us bigint NOT NULL,
    created_us bigint NOT NULL,
    last_error text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (shard, sequence)
) WITH (fillfactor = 70);
CREATE INDEX pending_call_of_player ON pending_call (player_id, sequence);
CREATE INDEX pending_call_due ON pending_call (licensee_id, next_attempt_us) WHERE NOT stuck;
COMMENT ON TABLE pending_call IS 'Entries of which a licensee''s own wallet has not heard yet. Added and removed with the entries that say so; only the timer is a note.';

-- The money of such a licensee is not here: a freeze stops its stakes, and never what it is owed.
CREATE OR REPLACE FUNCTION account_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM licensee WHERE licensee.id = NEW.licensee_id AND licensee.wallet_address IS NOT NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'account % is frozen: nothing is taken from it', NEW.id USING ERRCODE = 'check_violation';
END $$;
