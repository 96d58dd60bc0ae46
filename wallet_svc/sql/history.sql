-- list_movements --
-- Rows that moved money of a player in one asset, in ledger order.
SELECT transfer.* FROM transfer
WHERE transfer.player_id = %(player)s AND transfer.asset_id = %(asset)s AND transfer.sequence > %(after)s
  AND transfer.moved IS NOT NULL
ORDER BY transfer.sequence LIMIT %(limit)s

-- read_cash_at --
-- Available cash right after a position of the log.
SELECT available FROM transfer
WHERE player_id = %(player)s AND asset_id = %(asset)s AND sequence <= %(position)s AND available IS NOT NULL
ORDER BY sequence DESC LIMIT 1

-- list_newest --
-- A player's stored actions before a position, the newest first.
SELECT transfer.*, player.name AS player_name
FROM transfer JOIN player ON player.id = transfer.player_id
WHERE transfer.player_id = %(player)s AND transfer.sequence < %(position)s AND transfer.fingerprint IS NOT NULL
  AND transfer.recorded_us >= %(since)s AND transfer.recorded_us < %(until)s
  AND (%(kinds)s::smallint[] IS NULL OR transfer.kind = ANY (%(kinds)s::smallint[]))
  AND (%(source)s::smallint IS NULL OR transfer.source_id = %(source)s::smallint)
  AND (%(round)s::text IS NULL OR transfer.round = %(round)s::text)
  AND (%(states)s::smallint[] IS NULL OR
       CASE WHEN transfer.outcome = 1 THEN 1 WHEN transfer.outcome = 2 OR transfer.kind = 101 THEN 3 ELSE 2 END
       = ANY (%(states)s::smallint[]))
ORDER BY transfer.sequence DESC LIMIT %(limit)s

-- list_oldest --
-- A player's stored actions after a position, the oldest first.
SELECT transfer.*, player.name AS player_name
FROM transfer JOIN player ON player.id = transfer.player_id
WHERE transfer.player_id = %(player)s AND transfer.sequence > %(position)s AND transfer.fingerprint IS NOT NULL
  AND transfer.recorded_us >= %(since)s AND transfer.recorded_us < %(until)s
  AND (%(kinds)s::smallint[] IS NULL OR transfer.kind = ANY (%(kinds)s::smallint[]))
  AND (%(source)s::smallint IS NULL OR transfer.source_id = %(source)s::smallint)
  AND (%(round)s::text IS NULL OR transfer.round = %(round)s::text)
  AND (%(states)s::smallint[] IS NULL OR
       CASE WHEN transfer.outcome = 1 THEN 1 WHEN transfer.outcome = 2 OR transfer.kind = 101 THEN 3 ELSE 2 END
       = ANY (%(states)s::smallint[]))
ORDER BY transfer.sequence LIMIT %(limit)s
