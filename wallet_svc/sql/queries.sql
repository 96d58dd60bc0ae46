-- commit_batches --
-- Advance each shard's head if it is the one decided on, and write that shard's batch; other shards write nothing.
-- The parts below are added when a batch has something for them.
WITH wanted AS (
    SELECT * FROM unnest(
        %(shard_id)s::smallint[], %(decided_on)s::bytea[], %(registry_version)s::bigint[], %(digest)s::bytea[],
        %(root)s::bytea[], %(frontier)s::bytea[], %(first_sequence)s::bigint[], %(count)s::integer[],
        %(next_id)s::bigint[], %(batch_us)s::bigint[]
    ) AS wanted (
        shard, decided_on, registry_version, digest, root, frontier, first_sequence, count, next_id, recorded_us
    )
), locked AS MATERIALIZED (
    SELECT shard.id FROM shard WHERE shard.id = ANY (%(shard_id)s::smallint[]) ORDER BY shard.id FOR NO KEY UPDATE
), head AS (
    UPDATE shard
    SET next_sequence = wanted.first_sequence + wanted.count, next_id = wanted.next_id, digest = wanted.digest,
        frontier = wanted.frontier
    FROM locked, wanted
    WHERE shard.id = locked.id AND wanted.shard = shard.id
      AND shard.digest = wanted.decided_on AND shard.registry_version = wanted.registry_version
      AND shard.next_sequence = wanted.first_sequence
    RETURNING shard.id, wanted.recorded_us
), new_batch AS (
    INSERT INTO batch (shard, first_sequence, count, previous, digest, root, writer, recorded_us)
    SELECT wanted.shard, first_sequence, count, decided_on, digest, root, %(writer)s, wanted.recorded_us
    FROM wanted JOIN head ON head.id = wanted.shard
), new_transfers AS (
    INSERT INTO transfer (
        shard, recorded_us, sequence, operation, licensee_id, player_id, source_id, kind, key, fingerprint, outcome,
        asset_id, amount, debit_id, credit_id, moved, debit_after, credit_after, available, round, game, session,
        reference, undoes, opened_case, limit_kind, details, pack, decision, request_id
    )
    SELECT head.id, head.recorded_us, sequence, operation, licensee_id, player_id, source_id, kind, key,
           decode(fingerprint, 'hex'), outcome, asset_id, amount, debit_id, credit_id, moved, debit_after, credit_after,
           available, round, game, session, reference, undoes, opened_case, limit_kind, details, pack, decision, request_id
    FROM unnest(
        %(t_sequence)s::bigint[], %(t_operation)s::bigint[], %(t_licensee_id)s::smallint[], %(t_player_id)s::bigint[],
        %(t_source_id)s::smallint[], %(t_kind)s::smallint[], %(t_key)s::text[], %(t_fingerprint)s::text[],
        %(t_outcome)s::smallint[], %(t_asset_id)s::integer[], %(t_amount)s::bigint[], %(t_debit_id)s::bigint[],
        %(t_credit_id)s::bigint[], %(t_moved)s::bigint[], %(t_debit_after)s::numeric[], %(t_credit_after)s::numeric[],
        %(t_available)s::bigint[], %(t_round)s::text[], %(t_game)s::text[], %(t_session)s::text[],
        %(t_reference)s::text[], %(t_undoes)s::bigint[], %(t_opened_case)s::smallint[], %(t_limit_kind)s::text[],
        %(t_details)s::text[], %(t_pack)s::text[], %(t_decision)s::text[], %(t_request_id)s::text[]
    ) AS entry (
        sequence, operation, licensee_id, player_id, source_id, kind, key, fingerprint, outcome, asset_id, amount, debit_id,
        credit_id, moved, debit_after, credit_after, available, round, game, session, reference, undoes, opened_case,
        limit_kind, details, pack, decision, request_id
    )
    JOIN head ON head.id = entry.player_id %% 1024
)

-- commit_new_players --
-- Players that opened their first account.
new_players AS (
    INSERT INTO player (id, licensee_id, name, pack, born_on, main_asset_id, blocked, protection, mirror, register, person)
    SELECT fresh.id, licensee_id, name, pack, born_on, main_asset_id, blocked, protection, mirror, register, person
    FROM unnest(
        %(p_id)s::bigint[], %(p_licensee)s::smallint[], %(p_name)s::text[], %(p_pack)s::text[], %(p_born)s::text[],
        %(p_asset)s::integer[], %(p_blocked)s::boolean[], %(p_protection)s::text[], %(p_mirror)s::text[],
        %(p_register)s::text[], %(p_person)s::text[]
    ) AS fresh (id, licensee_id, name, pack, born_on, main_asset_id, blocked, protection, mirror, register, person)
    JOIN head ON head.id = fresh.id %% 1024
)

-- commit_changed_players --
-- Standing of players: pack, block, protection.
changed_players AS (
    UPDATE player
    SET pack = changed.pack, born_on = changed.born_on, blocked = changed.blocked, protection = changed.protection,
        mirror = changed.mirror, register = changed.register, person = changed.person, main_asset_id = changed.main_asset_id
    FROM unnest(
        %(q_id)s::bigint[], %(q_pack)s::text[], %(q_born)s::text[], %(q_blocked)s::boolean[], %(q_protection)s::text[],
        %(q_mirror)s::text[], %(q_register)s::text[], %(q_person)s::text[], %(q_asset)s::integer[]
    ) AS changed (id, pack, born_on, blocked, protection, mirror, register, person, main_asset_id)
    JOIN head ON head.id = changed.id %% 1024
    WHERE player.id = changed.id
)

-- commit_new_accounts --
-- Accounts with their first money.
new_accounts AS (
    INSERT INTO account (
        id, licensee_id, player_id, shard, asset_id, exponent, class, source_id, debits, credits, standing
    )
    SELECT fresh.*
    FROM unnest(
        %(n_id)s::bigint[], %(n_licensee)s::smallint[], %(n_player)s::bigint[], %(n_shard)s::smallint[],
        %(n_asset)s::integer[], %(n_exponent)s::smallint[], %(n_class)s::smallint[], %(n_source)s::smallint[],
        %(n_debits)s::numeric[], %(n_credits)s::numeric[], %(n_standing)s::smallint[]
    ) AS fresh (id, licensee_id, player_id, shard)
    WHERE fresh.shard IN (SELECT head.id FROM head)
)

-- commit_moved_accounts --
-- Each touched balance, once.
moved_accounts AS (
    UPDATE account SET debits = account.debits + moved.debits, credits = account.credits + moved.credits
    FROM unnest(%(a_id)s::bigint[], %(a_debits)s::numeric[], %(a_credits)s::numeric[]) AS moved (id, debits, credits)
    JOIN head ON head.id = moved.id %% 1024
    WHERE account.id = moved.id
)

-- commit_changed_accounts --
-- As above, in a batch that freezes or closes some of them: no row is changed twice in one statement.
changed_accounts AS (
    UPDATE account SET debits = account.debits + moved.debits, credits = account.credits + moved.credits,
           standing = coalesce(moved.standing, account.standing)
    FROM unnest(
        %(z_id)s::bigint[], %(z_debits)s::numeric[], %(z_credits)s::numeric[], %(z_standing)s::smallint[]
    ) AS moved (id, debits, credits, standing)
    JOIN head ON head.id = moved.id %% 1024
    WHERE account.id = moved.id
)

-- commit_new_rounds --
-- Rounds with their first bet.
new_rounds AS (
    INSERT INTO round (
        player_id, source_id, name, asset_id, opened_sequence, opened_us, closed_us, state, idle_us, due_us
    )
    SELECT fresh.*, CASE WHEN fresh.state = 1 THEN fresh.opened_us + fresh.idle_us END
    FROM unnest(
        %(r_player)s::bigint[], %(r_source)s::smallint[], %(r_name)s::text[], %(r_asset)s::integer[],
        %(r_sequence)s::bigint[], %(r_opened)s::bigint[], %(r_closed)s::bigint[], %(r_state)s::smallint[],
        %(r_idle)s::bigint[]
    ) AS fresh (player_id, source_id, name, asset_id, opened_sequence, opened_us, closed_us, state, idle_us)
    WHERE fresh.player_id %% 1024 IN (SELECT id FROM head)
)

-- commit_closed_rounds --
-- Rounds that take no more.
closed_rounds AS (
    UPDATE round SET state = 2, closed_us = closed.closed_us, due_us = NULL
    FROM unnest(
        %(c_player)s::bigint[], %(c_source)s::smallint[], %(c_name)s::text[], %(c_closed)s::bigint[]
    ) AS closed (player_id, source_id, name, closed_us)
    JOIN head ON head.id = closed.player_id %% 1024
    WHERE round.player_id = closed.player_id AND round.source_id = closed.source_id AND round.name = closed.name
)

-- commit_kept_holds --
-- Holds, new and changed.
kept_holds AS (
    INSERT INTO hold (
        player_id, source_id, key, asset_id, amount, captured, released, state, expires_us, asked_us, tolerance, beyond,
        aside
    )
    SELECT kept.*
    FROM unnest(
        %(h_player)s::bigint[], %(h_source)s::smallint[], %(h_key)s::text[], %(h_asset)s::integer[],
        %(h_amount)s::bigint[], %(h_captured)s::bigint[], %(h_released)s::bigint[], %(h_state)s::smallint[],
        %(h_expires)s::bigint[], %(h_asked)s::bigint[], %(h_tolerance)s::bigint[], %(h_beyond)s::bigint[],
        %(h_aside)s::boolean[]
    ) AS kept (player_id)
    WHERE kept.player_id %% 1024 IN (SELECT id FROM head)
    ON CONFLICT (player_id, source_id, key)
    DO UPDATE SET captured = excluded.captured, released = excluded.released, state = excluded.state,
        beyond = excluded.beyond
)

-- commit_kept_plays --
-- Sessions, new and ended.
kept_plays AS (
    INSERT INTO play (session, player_id, source_id, asset_id, game, state, expires_us, permit)
    SELECT kept.*
    FROM unnest(
        %(s_session)s::text[], %(s_player)s::bigint[], %(s_source)s::smallint[], %(s_asset)s::integer[],
        %(s_game)s::text[], %(s_state)s::smallint[], %(s_expires)s::bigint[], %(s_permit)s::text[]
    ) AS kept (session, player_id)
    WHERE kept.player_id %% 1024 IN (SELECT id FROM head)
    ON CONFLICT (player_id, session)
    DO UPDATE SET state = excluded.state, expires_us = excluded.expires_us, permit = excluded.permit
)

-- commit_new_calls --
-- What licensees' own wallets have to hear.
new_calls AS (
    INSERT INTO pending_call (shard, sequence, player_id, licensee_id, kind, next_attempt_us, created_us)
    SELECT head.id, fresh.sequence, fresh.player_id, fresh.licensee_id, fresh.kind, fresh.due_us, head.recorded_us
    FROM unnest(
        %(l_sequence)s::bigint[], %(l_player)s::bigint[], %(l_licensee)s::smallint[], %(l_kind)s::smallint[],
        %(l_due)s::bigint[]
    ) AS fresh (sequence, player_id, licensee_id, kind, due_us)
    JOIN head ON head.id = fresh.player_id %% 1024
)

-- commit_ended_calls --
-- What licensees' own wallets have heard.
ended_calls AS (
    DELETE FROM pending_call
    USING unnest(%(e_shard)s::smallint[], %(e_sequence)s::bigint[]) AS ended (shard, sequence)
    JOIN head ON head.id = ended.shard
    WHERE pending_call.shard = ended.shard AND pending_call.sequence = ended.sequence
)

-- commit_stuck_calls --
-- What licensees' own wallets refused for good.
stuck_calls AS (
    UPDATE pending_call SET stuck = true
    FROM unnest(%(f_shard)s::smallint[], %(f_sequence)s::bigint[]) AS stuck (shard, sequence)
    JOIN head ON head.id = stuck.shard
    WHERE pending_call.shard = stuck.shard AND pending_call.sequence = stuck.sequence
)

-- read_heads --
-- Where each shard's log ends.
SELECT id, next_sequence, next_id, digest, registry_version, frontier FROM shard WHERE id = ANY (%(shards)s::smallint[])

-- hold_heads --
-- Where each shard's log ends, and stays until the transaction is over.
SELECT id, next_sequence, next_id, digest, registry_version, frontier FROM shard
WHERE id = ANY (%(shards)s::smallint[]) ORDER BY id FOR NO KEY UPDATE

-- find_batches --
-- Which of these batches are durable.
SELECT batch.shard FROM batch
JOIN unnest(%(shards)s::smallint[], %(digests)s::bytea[], %(previous)s::bytea[]) AS asked (shard, digest, previous)
  ON batch.shard = asked.shard AND batch.previous = asked.previous AND batch.digest = asked.digest

-- read_house --
-- All house accounts of some shards.
SELECT shard, licensee_id, asset_id, class, source_id, id, debits, credits
FROM account WHERE player_id IS NULL AND shard = ANY (%(shards)s::smallint[])

-- read_players --
-- Players with their accounts.
SELECT licensee.name AS licensee, player.name, player.id, player.pack, player.born_on, player.main_asset_id,
       player.blocked, player.protection, player.mirror, player.register, player.person,
       account.id AS account_id, account.asset_id, account.class AS account_class,
       account.debits, account.credits, account.standing
FROM unnest(%(licensees)s::text[], %(players)s::text[]) AS asked (licensee, player)
JOIN licensee ON licensee.name = asked.licensee
JOIN player ON player.licensee_id = licensee.id AND player.name = asked.player
LEFT JOIN account ON account.player_id = player.id

-- read_plays --
-- Sessions by id.
SELECT play.player_id, play.session, play.source_id, play.asset_id, play.game, play.state, play.expires_us, play.permit
FROM unnest(%(players)s::bigint[], %(sessions)s::text[]) AS asked (player_id, session)
JOIN play ON play.player_id = asked.player_id AND play.session = asked.session

-- read_siblings --
-- What protects the other accounts of humans.
SELECT asked.licensee, asked.person, player.name, player.protection
FROM unnest(%(licensees)s::text[], %(persons)s::text[]) AS asked (licensee, person)
JOIN licensee ON licensee.name = asked.licensee
JOIN player ON player.licensee_id = licensee.id AND player.person = asked.person

-- read_open_plays --
-- Sessions of players that were not ended and have not run out.
SELECT play.player_id, play.session, play.source_id, play.asset_id, play.game, play.state, play.expires_us, play.permit
FROM unnest(%(players)s::bigint[]) AS asked (player_id)
JOIN play ON play.player_id = asked.player_id AND play.state = 0
 AND coalesce(play.expires_us, 9223372036854775807) > %(now)s::bigint

-- read_holds --
-- Holds by key.
SELECT hold.player_id, hold.source_id, hold.key, hold.asset_id, hold.amount, hold.captured, hold.released,
       hold.state, hold.expires_us, hold.asked_us, hold.tolerance, hold.beyond, hold.aside
FROM unnest(%(players)s::bigint[], %(sources)s::smallint[], %(keys)s::text[]) AS asked (player_id, source_id, key)
JOIN hold ON hold.player_id = asked.player_id AND hold.source_id = asked.source_id AND hold.key = asked.key

-- read_keys --
-- Entries by idempotency key.
SELECT transfer.*
FROM unnest(
    %(players)s::bigint[], %(sources)s::smallint[], %(kinds)s::smallint[], %(keys)s::text[]
) AS asked (player_id, source_id, kind, key)
JOIN transfer ON transfer.player_id = asked.player_id
 AND hashtextextended(transfer.key, transfer.source_id * 1024 + transfer.kind)
   = hashtextextended(asked.key, asked.source_id * 1024 + asked.kind)
 AND transfer.source_id = asked.source_id AND transfer.kind = asked.kind AND transfer.key = asked.key

-- read_rounds --
-- Rounds by name.
SELECT round.player_id, round.source_id, round.name, round.asset_id, round.opened_sequence, round.opened_us,
       round.closed_us, round.state, round.idle_us
FROM unnest(%(players)s::bigint[], %(sources)s::smallint[], %(names)s::text[]) AS asked (player_id, source_id, name)
JOIN round ON round.player_id = asked.player_id AND round.source_id = asked.source_id AND round.name = asked.name

-- read_round_entries --
-- Accepted bets and results of some rounds, and what undid them, in ledger order.
SELECT transfer.*
FROM unnest(
    %(players)s::bigint[], %(sources)s::smallint[], %(names)s::text[], %(opened)s::bigint[]
) AS asked (player_id, source_id, name, opened_sequence)
JOIN transfer ON transfer.player_id = asked.player_id
 AND (transfer.sequence >> 16) >= (asked.opened_sequence >> 16) AND transfer.sequence >= asked.opened_sequence
 AND transfer.source_id = asked.source_id AND transfer.round = asked.name
WHERE transfer.outcome = 1 AND transfer.kind IN (1, 2, 3, 12, 13)
ORDER BY transfer.sequence

-- read_undone --
-- What undid some entries, what undid that, and so on.
WITH RECURSIVE chain AS (
    SELECT transfer.player_id, transfer.shard, transfer.undoes, transfer.sequence
    FROM unnest(%(shards)s::smallint[], %(sequences)s::bigint[]) AS asked (shard, sequence)
    JOIN transfer ON transfer.shard = asked.shard AND transfer.undoes = asked.sequence
    UNION ALL
    SELECT transfer.player_id, transfer.shard, transfer.undoes, transfer.sequence
    FROM chain JOIN transfer ON transfer.shard = chain.shard AND transfer.undoes = chain.sequence
)
SELECT player_id, undoes, sequence FROM chain

-- read_usage --
-- Money that rolling limits count. A result counts when its round began, and what became of a stake when that was taken.
SELECT transfer.player_id, transfer.kind, transfer.asset_id, transfer.amount,
       CASE
           WHEN transfer.kind IN (2, 12) THEN coalesce(round.opened_us, transfer.recorded_us)
           WHEN transfer.kind IN (3, 13) THEN coalesce(stake.recorded_us, transfer.recorded_us)
           WHEN transfer.kind IN (8, 9) THEN coalesce(held.recorded_us, transfer.recorded_us)
           ELSE transfer.recorded_us
       END AS counted_us,
       CASE WHEN fixed.details LIKE '%%"counted":%%' THEN (fixed.details::json ->> 'counted')::bigint END AS counted
FROM unnest(%(players)s::bigint[], %(since)s::bigint[]) AS asked (player_id, since_us)
JOIN transfer ON transfer.player_id = asked.player_id AND transfer.recorded_us > asked.since_us
LEFT JOIN round ON transfer.kind IN (2, 12) AND round.player_id = transfer.player_id
 AND round.source_id = transfer.source_id AND round.name = transfer.round
CROSS JOIN LATERAL (
    SELECT CASE WHEN transfer.kind IN (3, 8, 9) THEN transfer.reference
                WHEN transfer.kind = 13 THEN transfer.details::json ->> 'stake' END AS key
) AS named
LEFT JOIN transfer AS stake ON transfer.kind IN (3, 13) AND stake.player_id = transfer.player_id
 AND hashtextextended(stake.key, stake.source_id * 1024 + stake.kind)
   = hashtextextended(named.key, transfer.source_id * 1024 + 1)
 AND stake.source_id = transfer.source_id AND stake.kind = 1 AND stake.key = named.key
LEFT JOIN transfer AS held ON transfer.kind IN (8, 9) AND held.player_id = transfer.player_id
 AND hashtextextended(held.key, held.source_id * 1024 + held.kind)
   = hashtextextended(named.key, transfer.source_id * 1024 + 6)
 AND held.source_id = transfer.source_id AND held.kind = 6 AND held.key = named.key
CROSS JOIN LATERAL (
    SELECT CASE WHEN transfer.kind IN (1, 5) THEN transfer.details
                WHEN transfer.kind IN (3, 13) THEN stake.details END AS details
) AS fixed
WHERE transfer.outcome = 1 AND transfer.kind IN (1, 2, 3, 5, 6, 8, 9, 12, 13) AND transfer.amount > 0
  AND (transfer.kind NOT IN (3, 12, 13) OR transfer.undoes IS NOT NULL)
  AND (transfer.kind NOT IN (3, 13) OR transfer.details IS NULL OR transfer.details::json ->> 'of' IS NULL)
  AND (transfer.kind <> 6 OR transfer.details IS NULL OR transfer.details NOT LIKE '%%"aside":%%')
  AND (transfer.kind NOT IN (8, 9) OR held.details IS NULL OR held.details NOT LIKE '%%"aside":%%')
ORDER BY transfer.sequence

-- read_times --
-- What began, prolonged and ended the sessions of players, in ledger order: openings, ends and changes of sessions, and what
-- changed their protection.
SELECT transfer.player_id, transfer.kind, transfer.session, transfer.recorded_us, transfer.details
FROM unnest(%(players)s::bigint[]) AS asked (player_id)
JOIN transfer ON transfer.player_id = asked.player_id
WHERE transfer.outcome = 1 AND transfer.kind IN (31, 32, 44, 61, 34, 35, 36, 37, 38, 39, 62, 63, 67)
ORDER BY transfer.sequence

-- read_cycles --
-- The start of the last game cycle of each session, by game category, among a player's latest entries.
SELECT DISTINCT ON (asked.player_id, latest.session, latest.category)
       asked.player_id, latest.session, latest.category, latest.recorded_us
FROM unnest(%(players)s::bigint[]) AS asked (player_id)
CROSS JOIN LATERAL (
    SELECT transfer.session, transfer.recorded_us, transfer.sequence, transfer.details::json ->> 'category' AS category
    FROM transfer
    WHERE transfer.player_id = asked.player_id AND transfer.kind = 1 AND transfer.outcome = 1
      AND transfer.session IS NOT NULL
    ORDER BY transfer.sequence >> 16 DESC, transfer.sequence DESC LIMIT 500
) AS latest
WHERE latest.category IS NOT NULL
ORDER BY asked.player_id, latest.session, latest.category, latest.sequence DESC

-- due_holds --
-- Holds whose time is over.
SELECT licensee.name AS licensee, player.name AS player, source.name AS source, hold.key
FROM hold JOIN player ON player.id = hold.player_id JOIN licensee ON licensee.id = player.licensee_id
JOIN source ON source.id = hold.source_id
WHERE hold.state = 1 AND hold.expires_us <= %(now)s
ORDER BY hold.expires_us LIMIT 100

-- due_rounds --
-- Open rounds that may have been idle for too long.
SELECT licensee.name AS licensee, player.name AS player, source.name AS source, round.name AS key
FROM round JOIN player ON player.id = round.player_id JOIN licensee ON licensee.id = player.licensee_id
JOIN source ON source.id = round.source_id
WHERE round.state = 1 AND round.due_us <= %(now)s
ORDER BY round.due_us LIMIT 100

-- postpone_rounds --
-- A round that had news after its timer was set is looked at again when it may be idle for too long. What is due is read
-- first, some of it at a time: a planner that starts from the news would read the whole ledger.
WITH late AS MATERIALIZED (
    SELECT player_id, source_id, name, opened_sequence FROM round
    WHERE state = 1 AND due_us <= %(now)s
    ORDER BY due_us LIMIT 1000
), news AS (
    SELECT late.player_id, late.source_id, late.name, latest.last_us
    FROM late
    CROSS JOIN LATERAL (
        SELECT max(transfer.recorded_us) AS last_us
        FROM transfer
        WHERE transfer.player_id = late.player_id AND transfer.sequence >= late.opened_sequence
          AND transfer.source_id = late.source_id AND transfer.round = late.name
          AND transfer.kind IN (1, 2) AND transfer.outcome = 1
    ) AS latest
)
UPDATE round SET due_us = round.idle_us + news.last_us
FROM news
WHERE round.player_id = news.player_id AND round.source_id = news.source_id AND round.name = news.name
  AND round.state = 1 AND round.idle_us + news.last_us > %(now)s
RETURNING round.player_id

-- read_feed --
-- A page of a shard's log, in commit order.
SELECT transfer.*, player.name AS player_name
FROM transfer JOIN player ON player.id = transfer.player_id
WHERE transfer.shard = %(shard)s AND transfer.sequence > %(after)s AND transfer.sequence <= %(until)s
  AND (%(kinds)s::smallint[] IS NULL OR transfer.kind = ANY (%(kinds)s::smallint[]))
ORDER BY transfer.sequence LIMIT %(limit)s

-- read_tails --
-- The newest entries of several shards, in commit order. The limit is never reached: it is there for plans that were made
-- when the table was empty, and would read all of it now.
SELECT transfer.*, player.name AS player_name
FROM unnest(%(shards)s::smallint[], %(afters)s::bigint[], %(untils)s::bigint[]) AS wanted (shard, after, until)
CROSS JOIN LATERAL (
    SELECT * FROM transfer
    WHERE transfer.shard = wanted.shard AND transfer.sequence > wanted.after AND transfer.sequence <= wanted.until
    ORDER BY transfer.sequence LIMIT %(limit)s
) AS transfer
JOIN player ON player.id = transfer.player_id
ORDER BY transfer.shard, transfer.sequence

-- read_records --
-- Whole decision records that short ones begin from.
SELECT sequence, decision FROM transfer WHERE shard = %(shard)s AND sequence = ANY (%(sequences)s::bigint[])

-- read_entry --
-- One entry by position.
SELECT transfer.*, player.name AS player_name
FROM transfer JOIN player ON player.id = transfer.player_id
WHERE transfer.shard = %(shard)s AND transfer.sequence = %(sequence)s AND transfer.licensee_id = %(licensee)s

-- undone --
-- Which of these entries are undone: by an entry that was not undone itself, and so on.
WITH RECURSIVE chain AS (
    SELECT undoes AS first, sequence AS last, 1 AS depth
    FROM transfer WHERE shard = %(shard)s AND undoes = ANY (%(sequences)s::bigint[])
    UNION ALL
    SELECT chain.first, transfer.sequence, chain.depth + 1
    FROM chain JOIN transfer ON transfer.shard = %(shard)s AND transfer.undoes = chain.last
)
SELECT first AS undoes FROM chain GROUP BY first HAVING max(depth) %% 2 = 1

-- read_round --
-- One round.
SELECT state, opened_us, closed_us FROM round
WHERE player_id = %(player)s AND source_id = %(source)s AND name = %(round)s

-- list_round_entries --
-- Everything that was sent for one round, in ledger order.
SELECT transfer.*, player.name AS player_name
FROM transfer JOIN player ON player.id = transfer.player_id
WHERE transfer.player_id = %(player)s AND transfer.source_id = %(source)s AND transfer.round = %(round)s
ORDER BY transfer.sequence

-- final_payment --
-- Deposits of a player in one currency, what was withdrawn or is being withdrawn, and what was put aside.
SELECT coalesce(sum(moved.amount) FILTER (WHERE moved.kind = 5), 0)::numeric AS deposited,
       coalesce((
           SELECT sum(hold.amount - hold.released) FROM hold
           WHERE hold.player_id = %(player)s AND hold.asset_id = %(asset)s AND NOT hold.aside
       ), 0)::numeric AS withdrawn,
       coalesce((
           SELECT sum(hold.amount - hold.captured - hold.released) FROM hold
           WHERE hold.player_id = %(player)s AND hold.asset_id = %(asset)s AND hold.aside
       ), 0)::numeric AS aside
FROM transfer AS moved
WHERE moved.player_id = %(player)s AND moved.asset_id = %(asset)s AND moved.kind = 5 AND moved.outcome = 1

-- open_plays --
-- Sessions of a player that may stake now.
SELECT session, source_id, asset_id, game, permit FROM play
WHERE player_id = %(player)s AND state = 0 AND coalesce(expires_us, 9223372036854775807) > %(now)s
ORDER BY session

-- list_heads --
-- The end of every log.
SELECT id, next_sequence - 1 AS last, digest FROM shard ORDER BY id

-- registry_version --
-- Which registry holds now.
SELECT min(registry_version) AS version FROM shard

-- claim_calls --
-- Calls to a licensee's own wallet that are due: the first of each player, taken for some time by whoever asks.
-- That a round has ended (4) is told after what came before it, and holds up no money.
WITH due AS (
    SELECT call.shard, call.sequence
    FROM pending_call AS call
    WHERE call.licensee_id = %(licensee)s AND NOT call.stuck AND call.next_attempt_us <= %(now)s
      AND (%(player)s::bigint IS NULL OR call.player_id = %(player)s)
      AND (call.kind > 300 OR NOT EXISTS (
          SELECT FROM pending_call AS earlier
          WHERE earlier.player_id = call.player_id AND earlier.sequence < call.sequence
            AND NOT earlier.stuck AND earlier.kind < 300 AND (earlier.kind <> 4 OR call.kind = 4)
      ))
    ORDER BY call.next_attempt_us LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE pending_call SET attempts = pending_call.attempts + 1, next_attempt_us = %(until)s
    FROM due WHERE pending_call.shard = due.shard AND pending_call.sequence = due.sequence
    RETURNING pending_call.*
)
SELECT claimed.attempts, claimed.created_us, claimed.last_error, player.name AS player_name, transfer.*
FROM claimed
JOIN transfer ON transfer.shard = claimed.shard AND transfer.sequence = claimed.sequence
JOIN player ON player.id = claimed.player_id

-- postpone_call --
-- Try again later.
UPDATE pending_call SET next_attempt_us = %(next)s, last_error = %(error)s
WHERE shard = %(shard)s AND sequence = %(sequence)s
RETURNING sequence

-- stick_call --
-- It was refused again.
UPDATE pending_call SET stuck = true
WHERE shard = %(shard)s AND sequence = %(sequence)s
RETURNING sequence

-- hurry_calls --
-- A licensee's wallet answers again: nothing waits any longer.
UPDATE pending_call SET next_attempt_us = %(now)s
WHERE licensee_id = %(licensee)s AND NOT stuck AND next_attempt_us > %(now)s AND last_error <> ''
RETURNING sequence

-- retry_call --
-- Somebody wants one of them to be tried now.
UPDATE pending_call SET next_attempt_us = %(now)s, stuck = false
WHERE licensee_id = %(licensee)s AND shard = %(shard)s AND sequence = %(sequence)s
RETURNING sequence

-- list_calls --
-- What a licensee's own wallet has not answered yet.
SELECT call.shard, call.sequence, call.stuck, call.attempts, call.next_attempt_us, call.created_us, call.last_error,
       call.kind, transfer.asset_id, transfer.amount, transfer.moved, player.name AS player_name
FROM pending_call AS call
JOIN transfer ON transfer.shard = call.shard AND transfer.sequence = call.sequence
JOIN player ON player.id = call.player_id
WHERE call.licensee_id = %(licensee)s AND (call.shard, call.sequence) > (%(shard)s::smallint, %(after)s::bigint)
  AND (%(player)s::text = '' OR player.name = %(player)s) AND (call.stuck OR NOT %(stuck_only)s::boolean)
ORDER BY call.shard, call.sequence LIMIT %(limit)s

-- note_reservation --
-- A limit file is about to be asked to keep a deposit. Whoever sends the deposit again puts the look at it off.
INSERT INTO reserved_deposit
    (reference, file, licensee, player, source, key, currency, amount, effective_us, created_us, next_attempt_us)
VALUES (%(reference)s, %(file)s, %(licensee)s, %(player)s, %(source)s, %(key)s, %(currency)s, %(amount)s,
    %(effective)s, %(now)s, %(next)s)
ON CONFLICT (reference, file) DO UPDATE
SET next_attempt_us = greatest(reserved_deposit.next_attempt_us, excluded.next_attempt_us)
RETURNING reference

-- forget_reservation --
-- The deposit is booked, or the file has taken it back.
DELETE FROM reserved_deposit WHERE reference = %(reference)s AND file = %(file)s
RETURNING reference

-- claim_reservations --
-- Notes that are due, taken for some time by whoever asks.
WITH due AS (
    SELECT reference, file FROM reserved_deposit
    WHERE next_attempt_us <= %(now)s ORDER BY next_attempt_us LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE reserved_deposit SET attempts = reserved_deposit.attempts + 1, next_attempt_us = %(until)s
FROM due WHERE reserved_deposit.reference = due.reference AND reserved_deposit.file = due.file
RETURNING reserved_deposit.*

-- count_reservations --
-- How many deposits have no end yet that their file has heard.
SELECT count(*) AS waiting FROM reserved_deposit

-- postpone_reservation --
-- Look at it again later, or at once.
UPDATE reserved_deposit SET next_attempt_us = %(next)s, last_error = %(error)s
WHERE reference = %(reference)s AND file = %(file)s
RETURNING reference
