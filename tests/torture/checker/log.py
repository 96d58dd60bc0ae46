"""The ledger's log and tables, read with SQL and put into the model's words."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg

Account = tuple[str, str]

KINDS = {
    1: "bet", 2: "win", 3: "cancel", 4: "close_round", 5: "deposit", 6: "hold", 7: "capture", 8: "release",
    9: "expire", 10: "tip", 11: "rollback_list", 12: "reverse_win", 13: "undo_rollback", 14: "promo", 15: "tournament",
    16: "jackpot", 17: "free_round_spin", 18: "free_round_total", 19: "adjust", 22: "transfer_in", 23: "transfer_out", 30: "open_account", 31: "open_play", 34: "set_limit", 101: "late_bet", 102: "late_win", 110: "late_tip",
    217: "grant",
}  # fmt: skip
OUTCOMES = {
    1: "OK", 2: "TOMBSTONED", 3: "INSUFFICIENT_FUNDS", 4: "LIMIT_EXCEEDED", 5: "SESSION_EXPIRED",
    6: "SESSION_INVALID", 7: "PLAYER_BLOCKED", 9: "GAME_NOT_AVAILABLE", 10: "CURRENCY_MISMATCH",
    11: "AMOUNT_INVALID", 12: "ROUND_CLOSED", 13: "ORIGINAL_NOT_FOUND", 14: "ALREADY_ROLLED_BACK",
    15: "ALREADY_SETTLED", 16: "HOLD_ENDED", 17: "HOLD_EXCEEDED", 18: "NOT_APPLIED", 19: "COMPLIANCE_DENIED",
}  # fmt: skip
_CLASSES = {
    1: "cash",
    2: "held",
    3: "bonus",
    4: "receivable",
    11: "outside",
    12: "gaming",
    13: "promotions",
    14: "jackpots",
    15: "tips",
}
_HOLD_STATES = {1: "ACTIVE", 2: "CAPTURED", 3: "RELEASED", 4: "EXPIRED"}
_FIRST_HOUSE_CLASS = 10

_ROWS = """
SELECT shard, sequence, operation, player.name, source.name, kind, key, outcome, amount, moved, debit_id, credit_id,
       available, round, reference, undoes, recorded_us, fingerprint IS NULL
FROM transfer JOIN player ON player.id = transfer.player_id JOIN source ON source.id = transfer.source_id
ORDER BY shard, sequence
"""


class Row(NamedTuple):
    """One entry of the log."""

    shard: int
    sequence: int
    operation: int
    player: str
    source: str
    kind: str
    key: str | None
    outcome: str
    amount: int | None
    moved: int | None
    debit: Account | None
    credit: Account | None
    available: int | None
    round: str | None
    reference: str | None
    undoes: int | None
    recorded_us: int
    unasked: bool
    """It has no fingerprint: a mark, or a further row of an operation."""

    @property
    def is_tombstone(self) -> bool:
        """The mark of what was undone before it came."""
        return self.unasked and self.key is not None and self.outcome == "ALREADY_ROLLED_BACK"

    @property
    def transaction(self) -> str:
        """The id that clients are told."""
        return f"{self.shard}-{self.sequence}"


@dataclass
class Ledger:
    """The log in order, and what the tables say in the end."""

    rows: list[Row] = field(default_factory=list)
    balances: dict[str, dict[Account, int]] = field(default_factory=lambda: defaultdict(dict))
    house: dict[Account, int] = field(default_factory=lambda: defaultdict(int))
    rounds: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    """Player, source, round to whether it is closed."""
    holds: dict[tuple[str, str, str], tuple[int, str]] = field(default_factory=dict)
    """Player, source, key to what is left and the state."""
    game_wallets: set[str] = field(default_factory=set)
    """Players whose licensee moves their money in and out."""


def read_ledger(url: str) -> Ledger:
    """Everything in one snapshot."""
    ledger = Ledger()
    with psycopg.connect(url) as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        names: dict[int, Account] = {}
        sources: dict[int, str] = dict(connection.execute("SELECT id, name FROM source").fetchall())
        accounts = "SELECT account.id, class, source_id, player.name, credits - debits FROM account LEFT JOIN player ON player.id = player_id"
        for id_, class_, source_id, player, balance in connection.execute(accounts):
            name = names[id_] = (_CLASSES[class_], sources[source_id] if class_ > _FIRST_HOUSE_CLASS else "")
            if player is None:
                ledger.house[name] += int(balance)
            else:
                ledger.balances[player][name] = int(balance)
        for row in connection.execute(_ROWS):
            named = (KINDS[row[5]], row[6], OUTCOMES[row[7]], row[8], row[9], names.get(row[10]), names.get(row[11]))
            ledger.rows.append(Row._make((*row[:5], *named, *row[12:])))
        rounds = "SELECT player.name, source.name, round.name, state = 2 FROM round JOIN player ON player.id = player_id JOIN source ON source.id = source_id"
        ledger.rounds = {row[:3]: row[3] for row in connection.execute(rounds)}
        holds = "SELECT player.name, source.name, key, amount - captured - released, state FROM hold JOIN player ON player.id = player_id JOIN source ON source.id = source_id"
        ledger.holds = {row[:3]: (row[3], _HOLD_STATES[row[4]]) for row in connection.execute(holds)}
        shuttles = "SELECT player.name FROM player JOIN licensee ON licensee.id = licensee_id WHERE game_wallet"
        ledger.game_wallets = {row[0] for row in connection.execute(shuttles)}
    return ledger
