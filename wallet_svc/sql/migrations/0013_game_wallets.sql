-- Licensees that move money into a game wallet and out again: the ledger keeps what is in it.

ALTER TABLE licensee ADD COLUMN game_wallet boolean NOT NULL DEFAULT false;
ALTER TABLE licensee ADD CONSTRAINT licensee_one_wallet CHECK (NOT game_wallet OR wallet_address IS NULL);
COMMENT ON COLUMN licensee.game_wallet IS 'Its players'' money comes and goes by transfers, not by deposits and withdrawals.';

-- A transfer in can wait, as a deposit can.
DROP TRIGGER transfer_frozen_in ON transfer;
CREATE TRIGGER transfer_frozen_in BEFORE INSERT ON transfer FOR EACH ROW
    WHEN (NEW.kind IN (5, 14, 15, 22) AND NEW.moved IS NOT NULL) EXECUTE FUNCTION credit_can_wait();
