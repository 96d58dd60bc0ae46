"""An activity file to ask, with habits: `POST /control/<habit>`. For sandboxes and drills. What it knows stands in a file of SQLite.

`POST /control/person/<name>/<licensee>/<player>` says who a player is, so that several operators' players are one person;
`/control/elsewhere/begin/<licensee>/<player>` and `/control/elsewhere/end/<licensee>/<player>` are the player at an
operator of no concern here. `GET /book/<licensee>/<player>` shows who counts as playing where.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fact_sources import simulating
from fact_sources.activity_file.reading import FORM
from fact_sources.signing import sign
from mesh.clock import Clock, open_clock

LATE_S: Final = 1.5
WAIT_S: Final = 300
"""For how long a person who has ended at one operator does not begin at another."""
_ELSEWHERE: Final = "elsewhere"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS person (player TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS activity (
    operator TEXT NOT NULL,
    reference TEXT NOT NULL,
    person TEXT NOT NULL,
    began INTEGER NOT NULL,
    ended_us INTEGER,
    PRIMARY KEY (operator, reference)
);
CREATE INDEX IF NOT EXISTS activity_of_person ON activity (person);
"""
_SPOILED: Final[Mapping[str, Mapping[str, Any]]] = {
    "honest": {},
    "unreadable": {"status": "PERHAPS"},
    "mixed_up": {"player": "somebody/else"},
}
HABITS: Final = (*_SPOILED, *simulating.FAILURES, "contradictory", "forged", "replayed", "lost", "late")


class Book:
    """Who plays where: one person for all operators. For any number of threads."""

    def __init__(self, path: str, clock: Clock, *, wait_s: float = WAIT_S) -> None:
        self._clock = clock
        self._wait_us = int(wait_s * 1_000_000)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._connection.executescript(_TABLES)

    def name(self, player: str, person: str) -> None:
        """Say who a player is."""
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO person VALUES (?, ?)", (player, person))

    def begin(self, player: str, reference: str, operator: str = "") -> str:
        """Count a player as playing here, unless that is elsewhere the case. A reference that has ended is used up."""
        operator = operator or player.partition("/")[0]
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            known = self._connection.execute(
                "SELECT ended_us FROM activity WHERE operator = ? AND reference = ?", (operator, reference)
            ).fetchone()
            if known is not None:
                return "ACTIVE" if known[0] is None else "ENDED"
            person = self._person(player)
            if self._is_elsewhere(person, operator):
                return "ELSEWHERE"
            self._connection.execute("INSERT INTO activity VALUES (?, ?, ?, 1, NULL)", (operator, reference, person))
            return "ACTIVE"

    def end(self, player: str, reference: str, operator: str = "") -> str:
        """Note an end; a reference that was never seen is used up all the same."""
        operator, now_us = operator or player.partition("/")[0], self._clock.now_us()
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            changed = self._connection.execute(
                "UPDATE activity SET ended_us = ? WHERE operator = ? AND reference = ? AND ended_us IS NULL RETURNING began",
                (now_us, operator, reference),
            ).fetchone()
            if changed is not None:
                return "ENDED"
            self._connection.execute(
                "INSERT OR IGNORE INTO activity VALUES (?, ?, ?, 0, ?)",
                (operator, reference, self._person(player), now_us),
            )
            return "NOTHING"

    def elsewhere(self, player: str, what: str) -> bool:
        """Let the player begin or end at an operator of no concern here; False for an order that is none."""
        if what == "begin":
            self.begin(player, player, _ELSEWHERE)
        elif what == "end":
            self.end(player, player, _ELSEWHERE)
        return what in ("begin", "end")

    def shown(self, player: str) -> dict[str, Any]:
        """Where the person behind a player plays, and every reference."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT operator, reference, began, ended_us FROM activity WHERE person = ? ORDER BY rowid",
                (self._person(player),),
            ).fetchall()
        return {
            "active": sorted({row[0] for row in rows if row[3] is None}),
            "references": [
                {"operator": row[0], "reference": row[1], "began": bool(row[2]), "ended": row[3] is not None}
                for row in rows
            ],
        }

    def _person(self, player: str) -> str:
        row = self._connection.execute("SELECT name FROM person WHERE player = ?", (player,)).fetchone()
        return player if row is None else str(row[0])

    def _is_elsewhere(self, person: str, operator: str) -> bool:
        row = self._connection.execute(
            "SELECT count(*) FROM activity WHERE person = ? AND operator <> ? AND began = 1"
            " AND (ended_us IS NULL OR ended_us > ?)",
            (person, operator, self._clock.now_us() - self._wait_us),
        ).fetchone()
        return bool(row[0])


class ActivityFile:
    """How it behaves, and how it signs."""

    def __init__(self, book: Book, *, key_id: str, signing: bytes) -> None:
        self._book = book
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
        first, _, player = rest.partition("/")
        if order == "person":
            self._book.name(player, first)
            return 200
        return 200 if order == "elsewhere" and self._book.elsewhere(player, first) else 404

    def reply(self, path: str, body: bytes) -> tuple[int, bytes, str]:
        """Status, body and signature of an answer."""
        if failure := simulating.failing(self.habit):
            return (*failure, "")
        asked = json.loads(body)
        status = self._done(path, asked)
        if status is None:
            return 404, b"", ""
        if self.habit == "lost":
            return 503, b"the line broke", ""
        if self.habit == "late":
            time.sleep(LATE_S)
        # What it says twice agrees, unless it contradicts itself.
        here = (status == "ACTIVE") is not (self.habit == "contradictory")
        answer = json.dumps(asked | {"status": status, "here": here} | _SPOILED.get(self.habit, {})).encode()
        if self.habit == "replayed":
            # The last honest answer to such a question, to the byte. Nobody was answered yet: another nonce.
            old = self._last.get(path) or self._signed(path, answer.replace(asked["question"].encode(), b"another"))
            return (200, *old)
        signed = self._signed(path, answer)
        if self.habit == "honest":
            self._last[path] = signed
        return (200, *signed)

    def _done(self, path: str, asked: dict[str, str]) -> str | None:
        match path:
            case "/begin":
                return self._book.begin(asked["player"], asked["reference"])
            case "/end":
                return self._book.end(asked["player"], asked["reference"])
            case _:
                return None

    def _signed(self, path: str, answer: bytes) -> tuple[bytes, str]:
        key = Ed25519PrivateKey.generate() if self.habit == "forged" else self._signing
        return answer, sign(FORM, self._key_id, key, path, answer)

    def shown(self, player: str) -> tuple[int, bytes]:
        """Who counts as playing where."""
        return 200, json.dumps(self._book.shown(player)).encode()


def main() -> None:
    """Serve until SIGTERM."""
    environment = os.environ
    clock_file = environment.get("PITBOSS_CLOCK_FILE")
    book = Book(
        environment.get("PITBOSS_ACTIVITY_FILE_BOOK", ":memory:"),
        open_clock(Path(clock_file) if clock_file else None),
        wait_s=float(environment.get("PITBOSS_ACTIVITY_FILE_WAIT_S", str(WAIT_S))),
    )
    file = ActivityFile(
        book,
        key_id=environment["PITBOSS_ACTIVITY_FILE_KEY_ID"],
        signing=b64decode(environment["PITBOSS_ACTIVITY_FILE_SIGNING_KEY"]),
    )
    simulating.serve(
        simulating.make_file_server(
            environment["PITBOSS_ACTIVITY_FILE_LISTEN"], environment["PITBOSS_ACTIVITY_FILE_TOKEN"], file
        )
    )


if __name__ == "__main__":
    main()
