-- list_movements --
-- Rows that moved money of a player in one asset, in ledger order.
SELECT transfer.* FROM transfer
WHERE transfer.player_id = %(player)s AND transfer.asset_id = %(asset)s AND transfer.sequence > %(after)s
  AND transfer.sequence >> 16 >= %(after)s::bigint >> 16 AND transfer.moved IS NOT NULL
ORDER BY transfer.sequence >> 16, transfer.sequence LIMIT %(limit)s

-- read_cash_at --
-- Available cash right after a position of the log.
SELECT available FROM transfer
WHERE player_id = %(player)s AND asset_id = %(asset)s AND sequence <= %(position)s
  AND sequence >> 16 <= %(position)s::bigint >> 16 AND available IS NOT NULL
ORDER BY sequence >> 16 DESC, sequence DESC LIMIT 1

-- list_newest --
-- A player's stored actions before a position, the newest first.
SELECT transfer.*, player.name AS player_name
FROM transfer JOIN player ON player.id = transfer.player_id
WHERE transfer.player_id = %(player)s AND transfer.sequence < %(position)s
  AND transfer.sequence >> 16 <= %(position)s::bigint >> 16 AND transfer.fingerprint IS NOT NULL
  AND transfer.recorded_us >= %(since)s AND transfer.recorded_us < %(until)s
  AND (%(kinds)s::smallint[] IS NULL OR transfer.kind = ANY (%(kinds)s::smallint[]))
  AND (%(source)s::smallint IS NULL OR transfer.source_id = %(source)s::smallint)
  AND (%(round)s::text IS NULL OR transfer.round = %(round)s::text)
  AND (%(states)s::smallint[] IS NULL OR
       CASE WHEN transfer.outcome = 1 THEN 1 WHEN transfer.outcome = 2 OR transfer.kind IN (101, 102, 110) THEN 3 ELSE 2 END
       = ANY (%(states)s::smallint[]))
ORDER BY transfer.sequence >> 16 DESC, transfer.sequence DESC LIMIT %(limit)s

-- list_oldest --
-- A player's stored actions after a position, the oldest first.
SELECT transfer.*, player.name AS player_name
FROM transfer JOIN player ON player.id = transfer.player_id
WHERE transfer.player_id = %(player)s AND transfer.sequence > %(position)s
  AND transfer.sequence >> 16 >= %(position)s::bigint >> 16 AND transfer.fingerprint IS NOT NULL
  AND transfer.recorded_us >= %(since)s AND transfer.recorded_us < %(until)s
  AND (%(kinds)s::smallint[] IS NULL OR transfer.kind = ANY (%(kinds)s::smallint[]))
  AND (%(source)s::smallint IS NULL OR transfer.source_id = %(source)s::smallint)
  AND (%(round)s::text IS NULL OR transfer.round = %(round)s::text)
  AND (%(states)s::smallint[] IS NULL OR
       CASE WHEN transfer.outcome = 1 THEN 1 WHEN transfer.outcome = 2 OR transfer.kind IN (101, 102, 110) THEN 3 ELSE 2 END
       = ANY (%(states)s::smallint[]))
ORDER BY transfer.sequence >> 16, transfer.sequence LIMIT %(limit)s

-- read_past --
-- Running sums of an account's movements after the first mark on the effective clock, by the mark they come after.
SELECT span, min(total) AS lowest, max(total) AS highest,
       (array_agg(total ORDER BY effective_us DESC, sequence DESC))[1] AS last
FROM (
    SELECT sequence, effective_us, width_bucket(effective_us - 1, %(marks)s::bigint[]) AS span,
           sum(change) OVER (ORDER BY effective_us, sequence) AS total
    FROM (
        SELECT sequence, coalesce((details::json ->> 'effective_us')::bigint, recorded_us) AS effective_us,
               CASE WHEN credit_id = %(account)s THEN moved ELSE -moved END AS change
        FROM transfer
        WHERE player_id = %(player)s AND %(account)s::bigint IN (debit_id, credit_id)
          AND recorded_us > (%(marks)s::bigint[])[1]
    ) AS movement
    WHERE effective_us > (%(marks)s::bigint[])[1]
) AS running
GROUP BY span

-- read_opening --
-- When the first entry of a player was recorded.
SELECT recorded_us FROM transfer WHERE player_id = %(player)s
ORDER BY sequence >> 16, sequence LIMIT 1

-- read_position_at --
-- The last position of a player's entries that was recorded up to a moment.
SELECT coalesce(max(sequence), 0) AS sequence FROM transfer
WHERE player_id = %(player)s AND recorded_us <= %(moment)s

-- read_balances_at --
-- A player's balances in one asset: the present ones less what changed after a position, or took effect after a moment.
WITH movement AS (
    SELECT debit_id, credit_id, moved FROM transfer
    WHERE player_id = %(player)s AND asset_id = %(asset)s AND moved IS NOT NULL
      AND (%(sequence)s::bigint IS NULL OR
           (sequence > %(sequence)s::bigint AND sequence >> 16 >= %(sequence)s::bigint >> 16))
      AND (%(effective)s::bigint IS NULL
           OR coalesce((details::json ->> 'effective_us')::bigint, recorded_us) > %(effective)s::bigint)
), change AS (
    SELECT id, sum(change) AS change
    FROM (SELECT credit_id AS id, moved AS change FROM movement UNION ALL SELECT debit_id, -moved FROM movement) AS side
    GROUP BY id
)
SELECT account.class AS account_class, account.credits - account.debits - coalesce(change.change, 0) AS balance
FROM account LEFT JOIN change ON change.id = account.id
WHERE account.player_id = %(player)s AND account.asset_id = %(asset)s

-- note_attempts --
-- What was asked again, behind the answers.
INSERT INTO attempt (
    licensee_id, player_id, source_id, kind, key, at_us, caller, request_id, outcome, replayed, content
)
SELECT * FROM unnest(
    %(licensees)s::smallint[], %(players)s::bigint[], %(sources)s::smallint[], %(kinds)s::smallint[], %(keys)s::text[],
    %(moments)s::bigint[], %(callers)s::text[], %(requests)s::text[], %(outcomes)s::smallint[], %(replays)s::boolean[],
    %(contents)s::text[]
)

-- forget_attempts --
-- Notes that are too old to matter.
DELETE FROM attempt WHERE at_us < %(before)s

-- list_attempts --
-- The latest notes about a key, and how many there are.
SELECT at_us, caller, request_id, outcome, replayed, content, count(*) OVER () AS total
FROM attempt
WHERE player_id = %(player)s AND key = %(key)s AND source_id = %(source)s AND kind = ANY (%(kinds)s::smallint[])
ORDER BY id DESC LIMIT %(limit)s

-- note_upstream --
-- Calls to licensees' own wallets, behind the answers.
INSERT INTO upstream_attempt (shard, sequence, intent, at_us, took_us, method, answered, outcome)
SELECT * FROM unnest(
    %(shards)s::smallint[], %(sequences)s::bigint[], %(intents)s::bigint[], %(moments)s::bigint[], %(spans)s::bigint[],
    %(methods)s::text[], %(answers)s::text[], %(outcomes)s::smallint[]
)

-- forget_upstream --
-- Notes that are too old to matter: calls, and messages that nobody believed.
WITH gone AS (DELETE FROM refused_message WHERE noted_us < %(before)s)
DELETE FROM upstream_attempt WHERE at_us < %(before)s

-- list_upstream --
-- The latest calls about entries, and cancels of intents among them.
SELECT sequence, at_us, took_us, method, answered, outcome FROM upstream_attempt
WHERE shard = %(shard)s AND (sequence = ANY (%(places)s::bigint[]) OR intent = ANY (%(places)s::bigint[]))
ORDER BY at_us DESC, id DESC LIMIT %(limit)s

-- list_calls_about --
-- What a licensee's own wallet has not answered yet about entries, and cancels of intents among them.
SELECT call.shard, call.sequence, call.stuck, call.attempts, call.next_attempt_us, call.created_us, call.last_error,
       call.kind, transfer.asset_id, transfer.amount, transfer.moved, player.name AS player_name
FROM pending_call AS call
JOIN transfer ON transfer.shard = call.shard AND transfer.sequence = call.sequence
JOIN player ON player.id = call.player_id
WHERE call.shard = %(shard)s AND call.player_id = %(player)s
  AND (call.sequence = ANY (%(places)s::bigint[])
       OR (call.kind IN (3, 64) AND (transfer.details::json ->> 'intent')::bigint = ANY (%(places)s::bigint[])))
ORDER BY call.sequence LIMIT %(limit)s

-- note_refused --
-- Messages of a provider that nobody believed, as long as there is room for more in this hour.
INSERT INTO refused_message (provider, at_us, noted_us, event, request_id, path, body_bytes, names)
SELECT %(provider)s, %(now)s - message.age_us, %(now)s, message.event, message.request_id, message.path,
       message.body_bytes, string_to_array(message.names, ' ')::bigint[]
FROM unnest(
    %(ages)s::bigint[], %(events)s::text[], %(requests)s::text[], %(paths)s::text[], %(sizes)s::integer[],
    %(names)s::text[]
) WITH ORDINALITY AS message (age_us, event, request_id, path, body_bytes, names, number)
WHERE message.number <= %(most)s - (
    SELECT count(*) FROM refused_message WHERE provider = %(provider)s AND noted_us > %(since)s
)
RETURNING id

-- list_refused --
-- The latest messages of a provider that nobody believed and that name a key.
SELECT at_us, event, request_id, path, body_bytes FROM refused_message
WHERE names @> ARRAY[%(name)s::bigint] AND provider = %(provider)s
ORDER BY id DESC LIMIT %(limit)s

-- list_operation --
-- All rows of one operation.
SELECT transfer.* FROM transfer
WHERE shard = %(shard)s AND sequence BETWEEN %(operation)s AND %(operation)s + 2000 AND operation = %(operation)s
  AND player_id = %(player)s
ORDER BY sequence

-- list_related --
-- What a stored action refers to, and what refers to it or undid it.
SELECT transfer.*, player.name AS player_name
FROM transfer JOIN player ON player.id = transfer.player_id
WHERE transfer.player_id = %(player)s AND transfer.sequence <> %(sequence)s
  AND (transfer.undoes = %(sequence)s OR transfer.sequence = %(undoes)s
       OR (transfer.source_id = %(source)s AND transfer.fingerprint IS NOT NULL
           AND (transfer.reference = %(key)s OR transfer.key = %(reference)s)))
ORDER BY transfer.sequence LIMIT %(limit)s

-- name_accounts --
-- What accounts are for.
SELECT account.id, account.class AS account_class, account.source_id, player.name AS player
FROM account LEFT JOIN player ON player.id = account.player_id WHERE account.id = ANY (%(accounts)s::bigint[])

-- read_batch_of --
-- The commit that wrote an entry.
SELECT first_sequence, count, writer, recorded_us, digest FROM batch
WHERE shard = %(shard)s AND first_sequence <= %(sequence)s ORDER BY first_sequence DESC LIMIT 1

-- lock_total --
-- How far a log was added up. Whoever adds to it keeps others out.
SELECT sequence FROM total_cursor WHERE shard = %(shard)s FOR UPDATE SKIP LOCKED

-- next_total --
-- The end of the next commits of a log: what is one operation is added up at once.
SELECT max(last) AS last
FROM (
    SELECT first_sequence + count - 1 AS last FROM batch
    WHERE shard = %(shard)s AND first_sequence > %(after)s ORDER BY first_sequence LIMIT 200
) AS next

-- add_totals --
-- Add a part of a log to its days.
INSERT INTO day_total (licensee_id, asset_id, day, source_id, kind, postings, cash, held, bonus, receivable)
SELECT licensee_id, asset_id, day, source_id, kind, count(DISTINCT (operation, reference)),
       coalesce(sum(change) FILTER (WHERE class = 1), 0), coalesce(sum(change) FILTER (WHERE class = 2), 0),
       coalesce(sum(change) FILTER (WHERE class = 3), 0), coalesce(sum(change) FILTER (WHERE class = 4), 0)
FROM (
    SELECT transfer.licensee_id, transfer.asset_id, (transfer.recorded_us / 86400000000)::integer AS day,
           transfer.source_id, transfer.kind, transfer.operation, transfer.reference, account.class,
           CASE WHEN account.id = transfer.credit_id THEN transfer.moved ELSE -transfer.moved END AS change
    FROM transfer JOIN account ON account.id IN (transfer.debit_id, transfer.credit_id)
    WHERE transfer.shard = %(shard)s AND transfer.sequence > %(after)s AND transfer.sequence <= %(until)s
      AND transfer.moved IS NOT NULL
) AS side
GROUP BY licensee_id, asset_id, day, source_id, kind
ON CONFLICT (licensee_id, asset_id, day, source_id, kind) DO UPDATE
SET postings = day_total.postings + excluded.postings, cash = day_total.cash + excluded.cash,
    held = day_total.held + excluded.held, bonus = day_total.bonus + excluded.bonus,
    receivable = day_total.receivable + excluded.receivable

-- move_total --
-- A log was added up to here.
UPDATE total_cursor SET sequence = %(until)s WHERE shard = %(shard)s

-- read_totals --
-- What changed before a day, and on it by kind.
SELECT day = %(day)s AS on_the_day, CASE WHEN day = %(day)s THEN kind ELSE 0 END AS kind, sum(postings) AS postings,
       sum(cash) AS cash, sum(held) AS held, sum(bonus) AS bonus, sum(receivable) AS receivable
FROM day_total
WHERE licensee_id = %(licensee)s AND asset_id = %(asset)s AND day <= %(day)s
  AND (%(source)s::smallint IS NULL OR source_id = %(source)s::smallint)
GROUP BY 1, 2 ORDER BY 1, 2

-- compared_entries --
-- Stored actions of a source in a span of time, in the order of an uploaded file: a late bet (101) stands among the bets (1).
SELECT transfer.kind, transfer.key, transfer.amount, player.name AS player, transfer.shard, transfer.sequence,
       CASE WHEN transfer.outcome = 1 THEN 1 WHEN transfer.outcome = 2 OR transfer.kind > 100 THEN 3 ELSE 2 END AS state
FROM transfer JOIN player ON player.id = transfer.player_id
WHERE transfer.licensee_id = %(licensee)s AND transfer.source_id = %(source)s
  AND (transfer.asset_id = %(asset)s OR transfer.asset_id IS NULL)
  AND transfer.recorded_us >= %(since)s AND transfer.recorded_us < %(until)s
  AND transfer.key IS NOT NULL AND transfer.fingerprint IS NOT NULL
ORDER BY transfer.kind %% 100, transfer.key COLLATE "C"
