"""What the process remembers: how far it has read, who there is, what was found. A file of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fact_sources.sanctions.reading import Result, Said

_TABLES = """
CREATE TABLE IF NOT EXISTS cursor (shard INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS player (
    licensee TEXT NOT NULL,
    player TEXT NOT NULL,
    version TEXT NOT NULL DEFAULT '',
    result TEXT NOT NULL DEFAULT '',
    unrecorded TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (licensee, player)
);
CREATE INDEX IF NOT EXISTS player_by_version ON player (version);
CREATE INDEX IF NOT EXISTS player_unrecorded ON player (unrecorded) WHERE unrecorded <> '';
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding that the mesh has still to be told."""

    licensee: str
    player: str
    result: Result
    version: str


class State:
    """The file. One thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_TABLES)

    def cursor(self, shard: int) -> int:
        """How far a shard's log was read."""
        row = self._connection.execute("SELECT sequence FROM cursor WHERE shard = ?", (shard,)).fetchone()
        return row[0] if row else 0

    def add(self, shard: int, sequence: int, players: Iterable[tuple[str, str]]) -> None:
        """Note players, and how far that was read: both or neither."""
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO player (licensee, player) VALUES (?, ?)", players)
            self._connection.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?)", (shard, sequence))

    def due(self, version: str, most: int) -> list[tuple[str, str]]:
        """Players who were not screened with this version of the lists, those never screened first.

        Whose finding the mesh was not told yet waits: it must not be lost under the next one.
        """
        return self._connection.execute(
            "SELECT licensee, player FROM player WHERE version <> ? AND unrecorded = '' ORDER BY version <> '' LIMIT ?",
            (version, most),
        ).fetchall()

    def last(self, licensee: str, player: str) -> str:
        """The last result; empty before the first screening."""
        values = (licensee, player)
        row = self._connection.execute("SELECT result FROM player WHERE licensee = ? AND player = ?", values).fetchone()
        return str(row[0])

    def note(self, licensee: str, player: str, said: Said, *, is_news: bool) -> None:
        """Note what was found; news are to be told before anything else is."""
        who = (licensee, player)
        if is_news:
            self._connection.execute(
                "UPDATE player SET version = ?, unrecorded = ?, result = ? WHERE licensee = ? AND player = ?",
                (said.version, said.version, said.result.value, *who),
            )
        else:
            self._connection.execute(
                "UPDATE player SET version = ? WHERE licensee = ? AND player = ?", (said.version, *who)
            )

    def unrecorded(self) -> list[Found]:
        """What the mesh was not told yet."""
        rows = self._connection.execute(
            "SELECT licensee, player, result, unrecorded FROM player WHERE unrecorded <> ''"
        )
        return [Found(licensee=row[0], player=row[1], result=Result(row[2]), version=row[3]) for row in rows]

    def recorded(self, found: Found) -> None:
        """The mesh knows it."""
        self._connection.execute(
            "UPDATE player SET unrecorded = '' WHERE licensee = ? AND player = ? AND unrecorded = ?",
            (found.licensee, found.player, found.version),
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
