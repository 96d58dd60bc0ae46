"""What must be true of the books after every case, asked of the tables themselves."""

from typing import Final, LiteralString

SNAPSHOT: Final[dict[str, LiteralString]] = {
    "balances": """
        SELECT account.id, debits, credits, standing
        FROM account JOIN licensee ON licensee.id = account.licensee_id
        WHERE licensee.name = %s ORDER BY account.id
    """,
    "holds": """
        SELECT hold.player_id, hold.source_id, hold.key, captured, released, beyond, state
        FROM hold JOIN player ON player.id = hold.player_id JOIN licensee ON licensee.id = player.licensee_id
        WHERE licensee.name = %s ORDER BY 1, 2, 3
    """,
    "rounds": """
        SELECT round.player_id, round.source_id, round.name, state, closed_us
        FROM round JOIN player ON player.id = round.player_id JOIN licensee ON licensee.id = player.licensee_id
        WHERE licensee.name = %s ORDER BY 1, 2, 3
    """,
}
"""What a second run must not change."""

INVARIANTS: Final[dict[str, LiteralString]] = {
    "the ledger sums to zero per currency": """
        SELECT asset_id, sum(credits - debits)
        FROM account JOIN licensee ON licensee.id = account.licensee_id
        WHERE licensee.name = %s GROUP BY asset_id HAVING sum(credits - debits) <> 0
    """,
    "every balance is the sum of its postings": """
        SELECT account.id, account.credits - account.debits, moves.total
        FROM account JOIN licensee ON licensee.id = account.licensee_id
        LEFT JOIN LATERAL (
            SELECT sum(CASE WHEN credit_id = account.id THEN moved ELSE -moved END) AS total
            FROM transfer
            WHERE transfer.licensee_id = account.licensee_id AND transfer.shard = account.shard
              AND account.id IN (transfer.debit_id, transfer.credit_id)
        ) AS moves ON true
        WHERE licensee.name = %s AND account.credits - account.debits <> coalesce(moves.total, 0)
    """,
    "no player's account was ever below zero": """
        SELECT transfer.shard, transfer.sequence
        FROM account JOIN licensee ON licensee.id = account.licensee_id
        JOIN transfer ON transfer.shard = account.shard AND transfer.debit_id = account.id
        WHERE licensee.name = %s AND account.class IN (1, 2, 3) AND transfer.debit_after < 0
    """,
    "sequences are consecutive": """
        SELECT shard.id FROM shard
        WHERE next_sequence - 1 <> (SELECT count(*) FROM transfer WHERE transfer.shard = shard.id) AND %s <> ''
    """,
    "captured, released and left is what is held": """
        SELECT account.id, account.credits - account.debits, left_over.total
        FROM account JOIN licensee ON licensee.id = account.licensee_id
        LEFT JOIN LATERAL (
            SELECT sum(amount - captured - released) AS total FROM hold
            WHERE hold.player_id = account.player_id AND hold.asset_id = account.asset_id
        ) AS left_over ON true
        WHERE licensee.name = %s AND account.class = 2
          AND account.credits - account.debits <> coalesce(left_over.total, 0)
    """,
    "nothing is undone twice": """
        SELECT shard, undoes FROM transfer JOIN licensee ON licensee.id = transfer.licensee_id
        WHERE licensee.name = %s AND undoes IS NOT NULL GROUP BY shard, undoes HAVING count(*) > 1
    """,
}
"""Rows that break a rule, by rule (money/FORMAT section 7)."""
