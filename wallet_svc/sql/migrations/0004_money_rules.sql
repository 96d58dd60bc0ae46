-- Every money rule: what a player owes, sub-balances that are stopped, holds with a tolerance, rounds with a timer.

-- Account class 4 is what the player owes, and is below zero or empty; kinds 19 to 21 are corrections, which have a sign.
ALTER TABLE account DROP CONSTRAINT account_floor;
ALTER TABLE account ADD CONSTRAINT account_floor CHECK (
    class >= 10 OR CASE class WHEN 4 THEN debits >= credits ELSE credits >= debits END
);
ALTER TABLE account DROP CONSTRAINT account_ceiling;
ALTER TABLE account ADD CONSTRAINT account_ceiling CHECK (class >= 10 OR abs(credits - debits) <= 9223372036854775807);
ALTER TABLE transfer DROP CONSTRAINT transfer_amount_check;
ALTER TABLE transfer ADD CONSTRAINT transfer_amount_check CHECK (amount >= 0 OR kind IN (19, 20, 21)) NOT VALID;

ALTER TABLE account ADD COLUMN standing smallint NOT NULL DEFAULT 0 CHECK (standing BETWEEN 0 AND 7);
COMMENT ON COLUMN account.standing IS 'What is stopped: 1 credits that can wait, 2 debits, 4 the account is closed. Cash and bonus of one player and asset are the same.';

CREATE FUNCTION account_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'account % is frozen: nothing is taken from it', NEW.id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER account_frozen_out BEFORE UPDATE ON account FOR EACH ROW
    WHEN (OLD.standing & NEW.standing & 2 <> 0 AND NEW.debits > OLD.debits AND NEW.class IN (1, 3))
    EXECUTE FUNCTION account_is_frozen();

-- Deposits, promotional credits and prizes can wait. Everything else that comes in is never stopped.
CREATE FUNCTION credit_can_wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM account WHERE account.id = NEW.credit_id AND account.standing & 5 <> 0) THEN
        RAISE EXCEPTION 'account % is frozen or closed: it takes no such credit', NEW.credit_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER transfer_frozen_in BEFORE INSERT ON transfer FOR EACH ROW
    WHEN (NEW.kind IN (5, 14, 15) AND NEW.moved IS NOT NULL) EXECUTE FUNCTION credit_can_wait();

ALTER TABLE hold ADD COLUMN tolerance bigint NOT NULL DEFAULT 0 CHECK (tolerance >= 0);
ALTER TABLE hold ADD COLUMN beyond bigint NOT NULL DEFAULT 0;
ALTER TABLE hold ADD CONSTRAINT hold_tolerated CHECK (beyond BETWEEN 0 AND tolerance);
COMMENT ON COLUMN hold.beyond IS 'What a capture took from cash beyond the hold.';

ALTER TABLE round ADD COLUMN idle_us bigint CHECK (idle_us > 0);
ALTER TABLE round ADD COLUMN due_us bigint;
COMMENT ON COLUMN round.idle_us IS 'The round closes by itself when it had no bet and no win for this long.';
COMMENT ON COLUMN round.due_us IS 'When to look whether it had. A timer only: the log says when the last bet or win was.';
CREATE INDEX round_due ON round (due_us) WHERE due_us IS NOT NULL;

ALTER TABLE asset ADD COLUMN kind smallint NOT NULL DEFAULT 1 CHECK (kind BETWEEN 1 AND 3);
ALTER TABLE asset ADD COLUMN cap bigint CHECK (cap >= 0);
COMMENT ON COLUMN asset.cap IS 'Balance that deposits, promotional credits and prizes may not pass, in smallest units.';
UPDATE asset SET kind = 2 WHERE code = 'BTC';

ALTER TABLE licensee ADD COLUMN adjustment_thresholds text COLLATE "C" NOT NULL DEFAULT '[]';
COMMENT ON COLUMN licensee.adjustment_thresholds IS 'JSON list of currency and amount above which a correction by hand needs two people.';

ALTER TABLE provider_account ADD COLUMN bet_window_us bigint NOT NULL DEFAULT 0 CHECK (bet_window_us >= 0);
ALTER TABLE provider_account ADD COLUMN auto_close_after_us bigint NOT NULL DEFAULT 0 CHECK (auto_close_after_us >= 0);
ALTER TABLE provider_account ADD COLUMN pays_per_spin boolean NOT NULL DEFAULT false;
