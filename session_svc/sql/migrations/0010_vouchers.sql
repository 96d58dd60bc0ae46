-- Vouchers: money for a table, whose winnings are paid up to a cap.

ALTER TABLE free_round_grant ADD COLUMN max_winnings numeric CHECK (max_winnings > 0);
COMMENT ON COLUMN free_round_grant.max_winnings IS 'The grant is a voucher, and pays no more. Null: free rounds.';
