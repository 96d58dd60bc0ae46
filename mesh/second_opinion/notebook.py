"""What was recomputed, in a file, so that a restart goes on exactly where the last page ended.

Everything in it can be computed again from the log, so it is never flushed to disk for safety: a page is in it wholly or
not at all, whatever ends the process, and after a power cut a file that is not whole is thrown away.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesh.verify.tables import Facts

HASH_SIZE: Final = 32
TILE: Final = 256
"""Hashes of a whole tile."""

_VERSION: Final = 2
_TABLES: Final = """
CREATE TABLE shard (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, digest BLOB NOT NULL, peaks BLOB NOT NULL,
    disputed INTEGER NOT NULL);
CREATE TABLE tile (shard INTEGER, level INTEGER, number INTEGER, hashes BLOB NOT NULL,
    PRIMARY KEY (shard, level, number)) WITHOUT ROWID;
CREATE TABLE account (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, debits TEXT NOT NULL, credits TEXT NOT NULL);
CREATE TABLE hold (player INTEGER, source INTEGER, key TEXT, asset INTEGER, amount INTEGER NOT NULL,
    captured INTEGER NOT NULL, released INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (player, source, key)) WITHOUT ROWID;
CREATE TABLE player (id INTEGER PRIMARY KEY, facts TEXT NOT NULL);
CREATE TABLE seen_key (hash INTEGER PRIMARY KEY);
CREATE TABLE alarm (number INTEGER PRIMARY KEY, place TEXT NOT NULL, problem TEXT NOT NULL, seen_us INTEGER NOT NULL,
    UNIQUE (place, problem));
"""

_ADD_KEY: Final = "INSERT INTO seen_key VALUES (?)"

HoldName = tuple[int, int, str]
HoldRow = tuple[int | None, int, int, int, int]
"""(asset, amount, captured, released, end)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a shard was recomputed."""

    shard: int
    size: int
    digest: bytes
    peaks: bytes
    disputed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that did not agree."""

    place: str
    problem: str
    seen_us: int


class Notebook:
    """One writer and any number of readers of the file."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self._connection = _opened(path, readonly=readonly)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def page(self) -> Iterator[None]:
        """Everything that is written inside is in the file together, or not at all."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    # -- reading

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Everything that is read inside is of one page."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()

    def positions(self) -> dict[int, Position]:
        """Every shard that was seen."""
        rows = self._connection.execute("SELECT id, size, digest, peaks, disputed FROM shard")
        return {
            row[0]: Position(shard=row[0], size=row[1], digest=row[2], peaks=row[3], disputed=bool(row[4]))
            for row in rows
        }

    def accounts(self) -> dict[int, list[int]]:
        """[debits, credits, owner] of every account."""
        rows = self._connection.execute("SELECT id, debits, credits, owner FROM account")
        return {row[0]: [int(row[1]), int(row[2]), row[3]] for row in rows}

    def hashes(self, shard: int, level: int, first: int, end: int) -> bytes:
        """Hashes of one level from one number up to, and without, another; fewer if there are not as many."""
        tiles = self._connection.execute(
            "SELECT hashes FROM tile WHERE shard = ? AND level = ? AND number BETWEEN ? AND ? ORDER BY number",
            (shard, level, first // TILE, (end - 1) // TILE),
        )
        start = first % TILE * HASH_SIZE
        return b"".join(row[0] for row in tiles)[start : start + (end - first) * HASH_SIZE]

    def hold(self, name: HoldName) -> HoldRow | None:
        """One reservation."""
        found: HoldRow | None = self._connection.execute(
            "SELECT asset, amount, captured, released, ended FROM hold WHERE player = ? AND source = ? AND key = ?",
            name,
        ).fetchone()
        return found

    def facts(self, player: int) -> Facts:
        """The facts of one player; the defaults if nothing was said yet."""
        row = self._connection.execute("SELECT facts FROM player WHERE id = ?", (player,)).fetchone()
        return Facts() if row is None else Facts._make(json.loads(row[0]))

    def facts_between(self, after: int, last: int | None) -> dict[int, Facts]:
        """The facts of all players after an id, up to and with another; None: of all that follow."""
        rows = self._connection.execute(
            "SELECT id, facts FROM player WHERE id > ? AND id <= coalesce(?, id) ORDER BY id", (after, last)
        )
        return {row[0]: Facts._make(json.loads(row[1])) for row in rows}

    def alarms(self, limit: int) -> list[Alarm]:
        """What did not agree, the latest first."""
        rows = self._connection.execute(
            "SELECT place, problem, seen_us FROM alarm ORDER BY number DESC LIMIT ?", (limit,)
        )
        return [Alarm(place=row[0], problem=row[1], seen_us=row[2]) for row in rows]

    # -- writing, inside a page

    def put_position(self, position: Position) -> None:
        """Remember how far a shard is."""
        row = (position.shard, position.size, position.digest, position.peaks, position.disputed)
        self._connection.execute("INSERT OR REPLACE INTO shard VALUES (?, ?, ?, ?, ?)", row)

    def put_tiles(self, tiles: Iterable[tuple[int, int, int, bytes]]) -> None:
        """Remember (shard, level, number, hashes), whole tiles and those that grow."""
        self._connection.executemany("INSERT OR REPLACE INTO tile VALUES (?, ?, ?, ?)", tiles)

    def put_accounts(self, accounts: Iterable[tuple[int, list[int]]]) -> None:
        """Remember sums."""
        rows = [(key, owner, str(debits), str(credits_)) for key, (debits, credits_, owner) in accounts]
        self._connection.executemany("INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?)", rows)

    def put_hold(self, name: HoldName, row: HoldRow) -> None:
        """Remember a reservation."""
        self._connection.execute("INSERT OR REPLACE INTO hold VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*name, *row))

    def put_facts(self, player: int, facts: Facts) -> None:
        """Remember the facts of a player."""
        self._connection.execute("INSERT OR REPLACE INTO player VALUES (?, ?)", (player, json.dumps(facts)))

    def add_keys(self, hashes: list[int]) -> list[int]:
        """Remember keys; returns at which places of the list stand those that were there already."""
        self._connection.execute("SAVEPOINT keys")
        try:
            # Sorted, so that neighbours in the file are written together.
            self._connection.executemany(_ADD_KEY, [(each,) for each in sorted(hashes)])
        except sqlite3.IntegrityError:
            self._connection.execute("ROLLBACK TO keys")
            return [at for at, each in enumerate(hashes) if not self._add_key(each)]
        finally:
            self._connection.execute("RELEASE keys")
        return []

    def _add_key(self, key: int) -> bool:
        try:
            self._connection.execute(_ADD_KEY, (key,))
        except sqlite3.IntegrityError:
            return False
        return True

    def add_alarm(self, alarm: Alarm) -> bool:
        """Remember an alarm; False if it was known."""
        row = (alarm.place, alarm.problem, alarm.seen_us)
        before = self._connection.total_changes
        self._connection.execute("INSERT OR IGNORE INTO alarm (place, problem, seen_us) VALUES (?, ?, ?)", row)
        return self._connection.total_changes > before


def _opened(path: Path, *, readonly: bool) -> sqlite3.Connection:
    if readonly:
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, timeout=5)
    try:
        connection = _connect(path)
    except sqlite3.DatabaseError:
        connection = None
    if connection is None or _version(connection) != _VERSION:
        # Not whole, or of another version. All of it can be computed again.
        if connection is not None:
            connection.close()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        connection = _connect(path)
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -65536")
        if _version(connection) == 0:
            connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
