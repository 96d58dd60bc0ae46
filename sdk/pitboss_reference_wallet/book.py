"""The wallet's book: players, balances, and each answer under its key. One SQLite transaction an answer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pitboss_reference_wallet.amounts import MOST

_SCHEMA = """
CREATE TABLE IF NOT EXISTS player (
    id TEXT NOT NULL, currency TEXT NOT NULL, cash INTEGER NOT NULL CHECK (cash >= 0),
    blocked INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (id, currency)
) STRICT;
CREATE TABLE IF NOT EXISTS answer (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    method TEXT NOT NULL, player TEXT NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL, outcome TEXT NOT NULL,
    currency TEXT, amount INTEGER, moved INTEGER NOT NULL, cash_after INTEGER, reference TEXT,
    cancelled INTEGER NOT NULL DEFAULT 0, UNIQUE (method, player, key)
) STRICT;
CREATE TABLE IF NOT EXISTS ended_round (
    player TEXT NOT NULL, provider TEXT NOT NULL, round TEXT NOT NULL, PRIMARY KEY (player, provider, round)
) STRICT;
CREATE TRIGGER IF NOT EXISTS answers_stay BEFORE DELETE ON answer
    BEGIN SELECT raise(ABORT, 'an answer is kept for ever'); END;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Smallest units of a currency."""

    currency: str
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered to a key, and the player's cash: right after it, and now."""

    number: int
    outcome: str
    money: Money | None
    cash_now: Money | None
    replayed: bool = False
    cancelled: bool = False


class Book:
    """Safe for several threads. The file is synced before an answer leaves."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {_SCHEMA}")
        self._lock = threading.Lock()

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def put_player(self, player: str, money: Money) -> None:
        """A player with this much cash, unless the account is there already."""
        with self._transaction() as db:
            values = (player, money.currency, money.minor)
            db.execute("INSERT INTO player (id, currency, cash) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", values)

    def block(self, player: str, *, blocked: bool) -> None:
        with self._transaction() as db:
            db.execute("UPDATE player SET blocked = ? WHERE id = ?", (int(blocked), player))

    def cash(self, player: str, currency: str) -> int | None:
        """Smallest units, or None for an unknown account."""
        with self._lock:
            return _cash(self._db, player, currency)

    def known(self, method: str, player: str, key: str) -> Answer | None:
        """The stored answer."""
        with self._lock:
            return _stored(self._db, method, player, key)

    def totals(self) -> dict[str, int]:
        """Cash per currency over all players."""
        with self._lock:
            return dict(self._db.execute("SELECT currency, sum(cash) FROM player GROUP BY currency"))

    def record(self) -> list[tuple[str, str, str, str, str | None, int]]:
        """(method, player, key, outcome, currency, moved) of every answer, in order."""
        with self._lock:
            asked = "SELECT method, player, key, outcome, currency, moved FROM answer ORDER BY number"
            return list(self._db.execute(asked))

    def end_round(self, player: str, provider: str, name: str) -> None:
        """Remember that a round has ended. Said again, nothing changes."""
        with self._transaction() as db:
            db.execute("INSERT INTO ended_round VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (player, provider, name))

    def ended_rounds(self) -> list[tuple[str, str, str]]:
        """(player, provider, round) of every round that has ended, in order."""
        with self._lock:
            return list(self._db.execute("SELECT player, provider, round FROM ended_round ORDER BY rowid"))

    def debit(self, player: str, key: str, money: Money, *, content: str, needs_leave: bool) -> Answer:
        """Take money or refuse; the first answer to a key stays."""
        with self._transaction() as db:
            if (known := _repeated(db, "debit", player, key, content)) is not None:
                return known
            outcome = _may_debit(db, player, money, needs_leave=needs_leave)
            moved = -money.minor if outcome == "OK" else 0
            return _answer(db, ("debit", player, key, content), outcome, money, moved)

    def credit(self, player: str, key: str, money: Money, *, content: str) -> Answer:
        """Pay, whatever the player's standing."""
        with self._transaction() as db:
            if (known := _repeated(db, "credit", player, key, content)) is not None:
                return known
            outcome = _may_credit(db, player, money)
            return _answer(db, ("credit", player, key, content), outcome, money, money.minor if outcome == "OK" else 0)

    def cancel(self, player: str, key: str, debit_key: str) -> Answer:
        """Give a debit back once; a debit that was never applied never will be."""
        with self._transaction() as db:
            if (known := _repeated(db, "cancel", player, key, debit_key)) is not None:
                return known
            debit = _stored(db, "debit", player, debit_key)
            if debit is None:
                # The tombstone stands under the key of the debit itself, with content that no debit has.
                _answer(db, ("debit", player, debit_key, ""), "ALREADY_ROLLED_BACK", None, 0)
            if debit is None or debit.outcome != "OK":
                return _answer(db, ("cancel", player, key, debit_key), "TOMBSTONED", None, 0)
            if debit.cancelled:
                done = _answer(db, ("cancel", player, key, debit_key), "OK", debit.money, 0)
                return Answer(number=done.number, outcome="OK", money=done.money, cash_now=done.cash_now, replayed=True)
            db.execute("UPDATE answer SET cancelled = 1 WHERE number = ?", (debit.number,))
            back = debit.money.minor if debit.money else 0
            return _answer(db, ("cancel", player, key, debit_key), "OK", debit.money, back)


def _repeated(db: sqlite3.Connection, method: str, player: str, key: str, content: str) -> Answer | None:
    """The stored answer, or a conflict if the key came with other content. A tombstone has no content to differ from."""
    asked = "SELECT content FROM answer WHERE method = ? AND player = ? AND key = ?"
    row = db.execute(asked, (method, player, key)).fetchone()
    if row is None:
        return None
    known = _stored(db, method, player, key)
    assert known is not None
    outcome = known.outcome if row[0] in ("", content) else "IDEMPOTENCY_CONFLICT"
    conflict = outcome == "IDEMPOTENCY_CONFLICT"
    return Answer(number=known.number, outcome=outcome, money=known.money, cash_now=known.cash_now,
                  replayed=not conflict, cancelled=known.cancelled)  # fmt: skip


def _stored(db: sqlite3.Connection, method: str, player: str, key: str) -> Answer | None:
    asked = ("SELECT number, outcome, currency, amount, cancelled FROM answer"
             " WHERE method = ? AND player = ? AND key = ?")  # fmt: skip
    row = db.execute(asked, (method, player, key)).fetchone()
    if row is None:
        return None
    number, outcome, currency, amount, cancelled = row
    money = None if currency is None else Money(currency=currency, minor=amount)
    return Answer(number=number, outcome=outcome, money=money, cash_now=_cash_now(db, player, money),
                  cancelled=bool(cancelled))  # fmt: skip


def _may_debit(db: sqlite3.Connection, player: str, money: Money, *, needs_leave: bool) -> str:
    row = db.execute(
        "SELECT cash, blocked FROM player WHERE id = ? AND currency = ?", (player, money.currency)
    ).fetchone()
    if row is None:
        return _absent(db, player)
    if needs_leave and row[1]:
        return "PLAYER_BLOCKED"
    return "OK" if row[0] >= money.minor else "INSUFFICIENT_FUNDS"


def _may_credit(db: sqlite3.Connection, player: str, money: Money) -> str:
    cash = _cash(db, player, money.currency)
    if cash is None:
        return _absent(db, player)
    return "OK" if cash + money.minor <= MOST else "AMOUNT_INVALID"


def _absent(db: sqlite3.Connection, player: str) -> str:
    known = db.execute("SELECT 1 FROM player WHERE id = ?", (player,)).fetchone()
    return "CURRENCY_MISMATCH" if known else "PLAYER_NOT_FOUND"


def _answer(
    db: sqlite3.Connection, name: tuple[str, str, str, str], outcome: str, money: Money | None, moved: int
) -> Answer:
    method, player, key, content = name
    if moved and money is not None:
        moving = "UPDATE player SET cash = cash + ? WHERE id = ? AND currency = ?"
        db.execute(moving, (moved, player, money.currency))
    if outcome == "PLAYER_NOT_FOUND":
        # Not stored: the player may be opened, and the key tried again.
        return Answer(number=0, outcome=outcome, money=money, cash_now=None)
    now = _cash_now(db, player, money)
    currency, amount = (None, None) if money is None else (money.currency, money.minor)
    row = (method, player, key, content, outcome, currency, amount, moved, now.minor if now else None)
    inserting = ("INSERT INTO answer (method, player, key, content, outcome, currency, amount, moved, cash_after)"
                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")  # fmt: skip
    number = db.execute(inserting, row).lastrowid
    return Answer(number=number or 0, outcome=outcome, money=money, cash_now=now)


def _cash(db: sqlite3.Connection, player: str, currency: str) -> int | None:
    row = db.execute("SELECT cash FROM player WHERE id = ? AND currency = ?", (player, currency)).fetchone()
    return None if row is None else int(row[0])


def _cash_now(db: sqlite3.Connection, player: str, money: Money | None) -> Money | None:
    """In the currency of the transaction; a tombstone has none, so the player's first account stands in."""
    if money is not None:
        cash = _cash(db, player, money.currency)
        return None if cash is None else Money(currency=money.currency, minor=cash)
    row = db.execute("SELECT currency, cash FROM player WHERE id = ? ORDER BY rowid LIMIT 1", (player,)).fetchone()
    return None if row is None else Money(currency=row[0], minor=int(row[1]))
