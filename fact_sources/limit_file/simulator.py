"""A limit file to ask, with habits: `POST /control/<habit>`. For sandboxes and drills. What it counts stands in a file of SQLite.

`POST /control/limit/<window>/<amount>/<licensee>/<player>` sets a limit of a person, `/control/unset/<licensee>/<player>` takes all away;
`/control/person/<name>/<licensee>/<player>` says who a player is, so that several operators' players are one person;
`/control/elsewhere/<amount>/<licensee>/<player>` is a deposit at an operator of no concern here.
`GET /book/<licensee>/<player>` shows what is counted.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fact_sources import simulating
from fact_sources.limit_file.reading import FORM
from fact_sources.signing import sign
from mesh.clock import Clock, open_clock
from mesh.money import AmountError, to_minor, to_text
from mesh.settings import split_pairs

_EXPONENT: Final = 2
LATE_S: Final = 1.5
_EVERYBODY: Final = ""
"""The person whose limits hold for whoever has none of their own."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS person (player TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ceiling (person TEXT NOT NULL, span TEXT NOT NULL, minor INTEGER NOT NULL, PRIMARY KEY (person, span));
CREATE TABLE IF NOT EXISTS deposit (
    operator TEXT NOT NULL,
    reference TEXT NOT NULL,
    person TEXT NOT NULL,
    minor INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    state TEXT NOT NULL,
    had_left INTEGER,
    PRIMARY KEY (operator, reference)
);
CREATE INDEX IF NOT EXISTS deposit_of_person ON deposit (person, at_us) WHERE state = 'RESERVED';
"""
SPANS: Final = ("day", "week", "month")
_SPOILED: Final[Mapping[str, Mapping[str, Any]]] = {
    "honest": {},
    "unreadable": {"status": "PERHAPS"},
    "mixed_up": {"player": "somebody/else"},
    "garbage_amount": {"left": "1e9"},
    "other_currency": {"currency": "USD"},
}
_TURNED: Final = {"RESERVED": "EXCEEDED", "EXCEEDED": "RESERVED", "RELEASED": "RESERVED", "NOTHING": "RESERVED"}
HABITS: Final = (*_SPOILED, *simulating.FAILURES, "contradictory", "forged", "replayed", "lost", "late")


def start_of(span: str, moment_us: int, zone: ZoneInfo) -> int:
    """When a span of the calendar began in which a moment lies, in microseconds since 1970."""
    local = datetime.fromtimestamp(moment_us / 1_000_000, UTC).astimezone(zone)
    day = local.date()
    if span == "week":
        day -= timedelta(days=day.weekday())
    elif span == "month":
        day = day.replace(day=1)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(midnight.timestamp()) * 1_000_000


class Book:
    """What is counted: one account for each person, whoever the operators are. For any number of threads."""

    def __init__(self, path: str, limits: Mapping[str, str], zone: ZoneInfo, clock: Clock) -> None:
        self._zone = zone
        self._clock = clock
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._connection.executescript(_TABLES)
        for span, amount in limits.items():
            self.limit(_EVERYBODY, span, amount)

    def limit(self, person: str, span: str, amount: str) -> None:
        """Set a limit. Raises AmountError, or ValueError for a span that is none."""
        if span not in SPANS:
            message = f"a span is one of {', '.join(SPANS)}"
            raise ValueError(message)
        minor = to_minor(amount, _EXPONENT)
        with self._lock, self._connection:
            self._connection.execute("INSERT OR REPLACE INTO ceiling VALUES (?, ?, ?)", (person, span, minor))

    def unset(self, person: str) -> None:
        """Take a person's limits away: there is none, not even that for everybody."""
        with self._lock, self._connection:
            self._connection.execute("DELETE FROM ceiling WHERE person = ?", (person,))
            self._connection.execute("INSERT INTO ceiling VALUES (?, 'none', 0)", (person,))

    def name(self, player: str, person: str) -> None:
        """Say who a player is."""
        with self._lock, self._connection:
            self._connection.execute("INSERT OR REPLACE INTO person VALUES (?, ?)", (player, person))

    def person(self, player: str) -> str:
        """Who a player is."""
        row = self._connection.execute("SELECT name FROM person WHERE player = ?", (player,)).fetchone()
        return player if row is None else str(row[0])

    def headroom(self, player: str) -> int | None:
        """What is left; None without a limit."""
        with self._lock:
            return self._left(self.person(player))

    def reserve(self, player: str, reference: str, amount: str) -> tuple[str, int | None]:
        """Count a deposit if there is room. The first answer under a reference stays its answer."""
        operator, minor = player.partition("/")[0], to_minor(amount, _EXPONENT)
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            known = self._connection.execute(
                "SELECT state, had_left FROM deposit WHERE operator = ? AND reference = ?", (operator, reference)
            ).fetchone()
            if known is not None:
                return known[0], known[1]
            person = self.person(player)
            left = self._left(person)
            state = "NOT_SET" if left is None else ("RESERVED" if minor <= left else "EXCEEDED")
            self._note(operator, reference, person, minor, state, left)
            return state, left

    def release(self, player: str, reference: str) -> str:
        """Take a deposit back; a reference that was never seen is used up all the same."""
        operator = player.partition("/")[0]
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            changed = self._connection.execute(
                "UPDATE deposit SET state = 'TAKEN_BACK' WHERE operator = ? AND reference = ? AND state <> 'TAKEN_BACK' RETURNING minor",
                (operator, reference),
            ).fetchone()
            if changed is not None:
                return "RELEASED"
            self._connection.execute(
                "INSERT OR IGNORE INTO deposit VALUES (?, ?, ?, 0, ?, 'TAKEN_BACK', NULL)",
                (operator, reference, self.person(player), self._clock.now_us()),
            )
            return "NOTHING"

    def elsewhere(self, player: str, amount: str) -> None:
        """A deposit at another operator, which has its room. Raises AmountError."""
        person, minor = self.person(player), to_minor(amount, _EXPONENT)
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            count = self._connection.execute("SELECT count(*) FROM deposit").fetchone()[0]
            self._note("elsewhere", str(count), person, minor, "RESERVED", None)

    def shown(self, player: str) -> dict[str, Any]:
        """What is counted for the person behind a player, and every reference."""
        with self._lock:
            person, now_us = self.person(player), self._clock.now_us()
            left = self._left(person)
            rows = self._connection.execute(
                "SELECT operator, reference, minor, state FROM deposit WHERE person = ? ORDER BY rowid", (person,)
            ).fetchall()
            return {
                "left": None if left is None else to_text(left, _EXPONENT),
                "used": {span: to_text(self._used(person, span, now_us), _EXPONENT) for span in SPANS},
                "deposits": [
                    {"operator": row[0], "reference": row[1], "amount": to_text(row[2], _EXPONENT), "state": row[3]}
                    for row in rows
                ],
            }

    def _note(self, operator: str, reference: str, person: str, minor: int, state: str, left: int | None) -> None:
        values = (operator, reference, person, minor, self._clock.now_us(), state, left)
        self._connection.execute("INSERT INTO deposit VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def _left(self, person: str) -> int | None:
        ceilings = self._ceilings(person) or self._ceilings(_EVERYBODY)
        now_us = self._clock.now_us()
        found = [minor - self._used(person, span, now_us) for span, minor in ceilings.items() if span in SPANS]
        return max(0, min(found)) if found else None

    def _ceilings(self, person: str) -> dict[str, int]:
        return dict(self._connection.execute("SELECT span, minor FROM ceiling WHERE person = ?", (person,)).fetchall())

    def _used(self, person: str, span: str, now_us: int) -> int:
        row = self._connection.execute(
            "SELECT coalesce(sum(minor), 0) FROM deposit WHERE person = ? AND state = 'RESERVED' AND at_us >= ?",
            (person, start_of(span, now_us, self._zone)),
        ).fetchone()
        return int(row[0])


class LimitFile:
    """How it behaves, and how it signs."""

    def __init__(self, book: Book, *, currency: str, key_id: str, signing: bytes) -> None:
        self._book = book
        self._currency = currency
        self._key_id = key_id
        self._signing = Ed25519PrivateKey.from_private_bytes(signing)
        self._last: dict[str, tuple[bytes, str]] = {}
        self.habit = "honest"

    def control(self, words: str) -> int:
        """Take an order; the status for it."""
        if words in HABITS:
            self.habit = words
            return 200
        order, _, rest = words.partition("/")
        try:
            return 200 if self._ordered(order, rest) else 404
        except (AmountError, ValueError):
            return 400

    def _ordered(self, order: str, rest: str) -> bool:
        first, _, player = rest.partition("/")
        match order:
            case "limit":
                amount, _, who = player.partition("/")
                self._book.limit(self._book.person(who), first, amount)
            case "unset":
                self._book.unset(self._book.person(rest))
            case "person":
                self._book.name(player, first)
            case "elsewhere":
                self._book.elsewhere(player, first)
            case _:
                return False
        return True

    def reply(self, path: str, body: bytes) -> tuple[int, bytes, str]:
        """Status, body and signature of an answer."""
        if failure := simulating.failing(self.habit):
            return (*failure, "")
        asked = json.loads(body)
        said = self._said(path, asked)
        if said is None:
            return 404, b"", ""
        if self.habit == "lost":
            return 503, b"the line broke", ""
        if self.habit == "late":
            time.sleep(LATE_S)
        known = ("question", "player", "reference")
        answer = json.dumps({name: asked[name] for name in known if name in asked} | self._spoiled(said)).encode()
        if self.habit == "replayed":
            # The last honest answer to such a question, to the byte. Nobody was answered yet: another nonce.
            old = self._last.get(path) or self._signed(path, answer.replace(asked["question"].encode(), b"another"))
            return (200, *old)
        signed = self._signed(path, answer)
        if self.habit == "honest":
            self._last[path] = signed
        return (200, *signed)

    def _said(self, path: str, asked: dict[str, Any]) -> dict[str, Any] | None:
        match path:
            case "/status":
                return {"status": "UP"}
            case "/headroom":
                left = self._book.headroom(asked["player"])
                return {"status": "NOT_SET"} if left is None else {"status": "SET", **self._money(left)}
            case "/reserve":
                status, left = self._book.reserve(asked["player"], asked["reference"], asked["amount"])
                return {"status": status, **({} if left is None else self._money(left))}
            case "/release":
                return {"status": self._book.release(asked["player"], asked["reference"])}
            case _:
                return None

    def _money(self, minor: int) -> dict[str, str]:
        return {"left": to_text(minor, _EXPONENT), "currency": self._currency}

    def _spoiled(self, said: dict[str, Any]) -> dict[str, Any]:
        if self.habit == "contradictory":
            # What it has counted it says it has not, and the other way round; what has no limit has something left.
            turned = _TURNED.get(said["status"], "NOT_SET")
            return {**said, "status": turned, **({} if "left" in said else self._money(1))}
        return {**said, **_SPOILED.get(self.habit, {})}

    def _signed(self, path: str, answer: bytes) -> tuple[bytes, str]:
        key = Ed25519PrivateKey.generate() if self.habit == "forged" else self._signing
        return answer, sign(FORM, self._key_id, key, path, answer)

    def shown(self, player: str) -> tuple[int, bytes]:
        """What is counted for a player."""
        return 200, json.dumps(self._book.shown(player)).encode()


def main() -> None:
    """Serve until SIGTERM."""
    environment = os.environ
    clock_file = environment.get("PITBOSS_CLOCK_FILE")
    book = Book(
        environment.get("PITBOSS_LIMIT_FILE_BOOK", ":memory:"),
        split_pairs(environment.get("PITBOSS_LIMIT_FILE_LIMITS", "month=1000.00")),
        ZoneInfo(environment.get("PITBOSS_LIMIT_FILE_ZONE", "Europe/Berlin")),
        open_clock(Path(clock_file) if clock_file else None),
    )
    file = LimitFile(
        book,
        currency=environment.get("PITBOSS_LIMIT_FILE_CURRENCY", "EUR"),
        key_id=environment["PITBOSS_LIMIT_FILE_KEY_ID"],
        signing=b64decode(environment["PITBOSS_LIMIT_FILE_SIGNING_KEY"]),
    )
    simulating.serve(
        simulating.make_file_server(
            environment["PITBOSS_LIMIT_FILE_LISTEN"], environment["PITBOSS_LIMIT_FILE_TOKEN"], file
        )
    )


if __name__ == "__main__":
    main()
