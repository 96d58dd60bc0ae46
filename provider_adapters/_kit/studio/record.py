"""The studio's own books: what it believes about every bet and win. SQLite, written before and after each message."""

from __future__ import annotations

import enum
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from mesh.clock import Clock, SystemClock
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.studio.ports import Act, ActKind, Seat


class Belief(enum.StrEnum):
    """What the studio believes about a message."""

    SENT = "sent"
    """No answer yet."""
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """Final: nothing happened."""
    DOUBTFUL = "doubtful"
    """A bet that may have been taken, and must be cancelled."""
    CANCELLED = "cancelled"
    """A bet whose cancel was accepted."""
    DISPUTED = "disputed"
    """Somebody must look."""


UNRESOLVED = (Belief.SENT, Belief.DOUBTFUL)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seat (
    launch_id TEXT PRIMARY KEY, user TEXT NOT NULL, token TEXT NOT NULL, currency_code TEXT NOT NULL,
    game_id TEXT NOT NULL, country TEXT NOT NULL, language TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS seat_user ON seat (user);
CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, transaction_key TEXT NOT NULL, launch_id TEXT NOT NULL,
    user TEXT NOT NULL, currency_code TEXT NOT NULL, round_id TEXT NOT NULL, game_id TEXT NOT NULL,
    bet_key TEXT NOT NULL, amount TEXT, closes INTEGER NOT NULL, sent_at_ms INTEGER NOT NULL,
    belief TEXT NOT NULL, code TEXT NOT NULL, attempts INTEGER NOT NULL, noted_at_ms INTEGER NOT NULL,
    UNIQUE (kind, transaction_key));
CREATE TABLE IF NOT EXISTS given (
    number INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, content TEXT NOT NULL, noted_at_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS message_noted ON message (noted_at_ms);
CREATE INDEX IF NOT EXISTS message_open ON message (belief) WHERE belief IN ('sent', 'doubtful');
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message and what is believed about it."""

    number: int
    act: Act
    belief: Belief
    code: str
    attempts: int
    noted_at_ms: int
    """When it was written down, before it was first sent."""

    def as_json(self) -> dict[str, Any]:
        """For the control API."""
        act = self.act
        return {
            "number": self.number,
            "kind": act.kind,
            "transaction_key": act.transaction_key,
            "user": act.seat.user,
            "currency_code": act.seat.currency_code,
            "round_id": act.round_id,
            "game_id": act.game_id,
            "bet_key": act.bet_key,
            "amount": None if act.amount is None else format(act.amount, "f"),
            "belief": self.belief,
            "code": self.code,
            "attempts": self.attempts,
            "closes": act.closes,
            "noted_at_ms": self.noted_at_ms,
        }


class Given(NamedTuple):
    """Free rounds as they are kept."""

    number: int
    content: str
    noted_at_ms: int
    """When they were first given."""


class Record:
    """The books, in one file."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        # Survives the death of the process; only a power cut could lose the newest lines.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def constant(self, name: str, value: str) -> str:
        """A value that is chosen once in the life of the record."""
        self._db.execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (name, value))
        found: str = self._db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()[0]
        return found

    def next_number(self, name: str) -> int:
        """1, 2, 3 ... and never the same again."""
        query = (
            "INSERT INTO about VALUES (?, '1') "
            "ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1 RETURNING value"
        )
        return int(self._db.execute(query, (name,)).fetchone()[0])

    def add_seat(self, seat: Seat) -> None:
        """Remember a launch."""
        values = (seat.launch_id, seat.user, seat.token, seat.currency_code, seat.game_id, seat.country, seat.language)
        self._db.execute("INSERT INTO seat VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def swap_token(self, seat: Seat, token: str) -> Seat:
        """Remember what the token of a launch was swapped for."""
        self._db.execute("UPDATE seat SET token = ? WHERE launch_id = ?", (token, seat.launch_id))
        return replace(seat, token=token)

    def seat(self, launch_id: str) -> Seat | None:
        """The launch with this id."""
        row = self._db.execute("SELECT * FROM seat WHERE launch_id = ?", (launch_id,)).fetchone()
        return _seat(row) if row else None

    def newest_seat(self, user: str) -> Seat | None:
        """The last launch of a player."""
        row = self._db.execute("SELECT * FROM seat WHERE user = ? ORDER BY rowid DESC LIMIT 1", (user,)).fetchone()
        return _seat(row) if row else None

    def intend(self, act: Act) -> None:
        """Write a message down before it is sent for the first time."""
        amount = None if act.amount is None else format(act.amount, "f")
        values = (
            *(act.kind, act.transaction_key, act.seat.launch_id, act.seat.user, act.seat.currency_code),
            *(act.round_id, act.game_id, act.bet_key, amount, int(act.closes), act.sent_at_ms, Belief.SENT),
            self._clock.now_us() // 1000,
        )
        query = "INSERT OR IGNORE INTO message VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, ?)"
        self._db.execute(query, values)

    def believe(self, act: Act, belief: Belief, code: str, *, attempts: int = 0) -> None:
        """Write down what an answer taught."""
        query = (
            "UPDATE message SET belief = ?, code = ?, attempts = attempts + ? WHERE kind = ? AND transaction_key = ?"
        )
        self._db.execute(query, (belief, code, attempts, act.kind, act.transaction_key))

    def belief(self, act: Act) -> Belief:
        """What is believed now."""
        query = "SELECT belief FROM message WHERE kind = ? AND transaction_key = ?"
        return Belief(self._db.execute(query, (act.kind, act.transaction_key)).fetchone()[0])

    def unresolved(self) -> list[Line]:
        """Messages whose end is not known, oldest first."""
        return [*self._lines("belief IN ('sent', 'doubtful')")]

    def disputed(self) -> list[Line]:
        """Messages that somebody must look at."""
        return [*self._lines("belief = 'disputed'")]

    def unfinished(self) -> list[Line]:
        """For each round that was never closed, its last accepted bet."""
        condition = (
            "number IN (SELECT MAX(number) FROM message WHERE kind = 'bet' AND belief = 'accepted' GROUP BY round_id) "
            "AND NOT EXISTS (SELECT 1 FROM message AS last WHERE last.round_id = message.round_id "
            "AND (last.kind = 'close' OR last.closes = 1))"
        )
        return [*self._lines(condition)]

    def lines(self, *, after: int, limit: int) -> list[Line]:
        """All messages, oldest first, from a position."""
        return [*self._lines("number > ?", after, limit=limit)]

    def between(self, start_ms: int, end_ms: int, *, kinds: Collection[str], after: int, limit: int) -> list[Line]:
        """Messages of these kinds that were first sent in a span of time, oldest first, from a position."""
        marks = ", ".join("?" * len(kinds))
        condition = f"noted_at_ms >= ? AND noted_at_ms < ? AND number > ? AND kind IN ({marks})"
        return [*self._lines(condition, start_ms, end_ms, after, *kinds, limit=limit)]

    def of_round(self, round_id: str, user: str = "") -> list[Line]:
        """Messages of a round, or what one player had in it, oldest first."""
        if user:
            return [*self._lines("message.round_id = ? AND message.user = ?", round_id, user)]
        return [*self._lines("message.round_id = ?", round_id)]

    def keep_given(self, reference: str, content: str) -> None:
        """Remember free rounds that were given, or what has become of them."""
        query = (
            "INSERT INTO given VALUES (NULL, ?, ?, ?) ON CONFLICT (reference) DO UPDATE SET content = excluded.content"
        )
        self._db.execute(query, (reference, content, self._clock.now_us() // 1000))

    def given(self, start_ms: int = 0, end_ms: int = 1 << 62, *, after: int = 0, limit: int = -1) -> list[Given]:
        """Free rounds that were given in a span of time, in their order, from a position."""
        query = (
            "SELECT number, content, noted_at_ms FROM given WHERE noted_at_ms >= ? AND noted_at_ms < ? AND number > ?"
            " ORDER BY number LIMIT ?"
        )
        return [Given(*row) for row in self._db.execute(query, (start_ms, end_ms, after, limit))]

    def _lines(self, condition: str, *values: object, limit: int = 1_000_000) -> Iterator[Line]:
        query = (
            "SELECT number, kind, transaction_key, round_id, message.game_id, bet_key, amount, closes, sent_at_ms, "  # noqa: S608
            "belief, code, attempts, noted_at_ms, seat.* FROM message JOIN seat USING (launch_id) "
            f"WHERE {condition} ORDER BY number LIMIT {limit:d}"
        )
        for row in self._db.execute(query, values):
            yield Line(
                number=row[0],
                act=_act(row),
                belief=Belief(row[9]),
                code=row[10],
                attempts=row[11],
                noted_at_ms=row[12],
            )

    def summary(self) -> dict[str, Any]:
        """What the studio believes it took and paid, by player and currency. Exact."""
        players: dict[tuple[str, str], _Sums] = defaultdict(_Sums)
        query = "SELECT user, currency_code, kind, belief, amount FROM message WHERE kind IN ('bet', 'win')"
        for user, currency_code, kind, belief, amount in self._db.execute(query):
            players[user, currency_code].add(kind, belief, Decimal(amount))
        return {
            "players": [sums.as_json(*name) for name, sums in sorted(players.items())],
            "unresolved": [line.as_json() for line in self.unresolved()],
            "disputed": [line.as_json() for line in self.disputed()],
        }


class _Sums:
    def __init__(self) -> None:
        self.bets: Counter[str] = Counter()
        self.wins: Counter[str] = Counter()
        self.staked = Decimal(0)
        self.won = Decimal(0)

    def add(self, kind: str, belief: str, amount: Decimal) -> None:
        counts = self.bets if kind == ActKind.BET else self.wins
        counts[belief] += 1
        if belief == Belief.ACCEPTED and kind == ActKind.BET:
            self.staked += amount
        elif belief == Belief.ACCEPTED:
            self.won += amount

    def as_json(self, user: str, currency_code: str) -> dict[str, Any]:
        player = PlayerReference.parse(user)
        return {
            "user": user,
            "licensee": player.licensee if player else "",
            "player": player.player_id if player else "",
            "currency_code": currency_code,
            "staked": format(self.staked, "f"),
            "won": format(self.won, "f"),
            "bets": dict(self.bets),
            "wins": dict(self.wins),
        }


def _seat(row: tuple[Any, ...]) -> Seat:
    names = ("launch_id", "user", "token", "currency_code", "game_id", "country", "language")
    return Seat(**dict(zip(names, row, strict=True)))


def _act(row: tuple[Any, ...]) -> Act:
    return Act(
        kind=ActKind(row[1]),
        transaction_key=row[2],
        round_id=row[3],
        game_id=row[4],
        bet_key=row[5],
        amount=None if row[6] is None else Decimal(row[6]),
        closes=bool(row[7]),
        sent_at_ms=row[8],
        seat=_seat(row[13:]),
    )
