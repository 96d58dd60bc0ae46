"""What a witness remembers: the last checkpoint of each log, and what it refused. A file of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mesh.verify.notes import Checkpoint

_TABLES = """
CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused (moment INTEGER NOT NULL, refusal TEXT NOT NULL, why TEXT NOT NULL, note TEXT NOT NULL);
"""


class State:
    """The file. One thread at a time may hold a moment of it; other processes wait."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A cosignature that is out while its checkpoint is forgotten would allow a second history.
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_TABLES)

    @contextmanager
    def moment(self) -> Iterator[None]:
        """What is read and written inside is one step."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def last(self, origin: str) -> Checkpoint | None:
        """The last checkpoint of a log that was cosigned."""
        row = self._connection.execute("SELECT size, root FROM seen WHERE origin = ?", (origin,)).fetchone()
        return Checkpoint(origin=origin, size=row[0], root=row[1]) if row else None

    def put(self, checkpoint: Checkpoint, note: str) -> None:
        """Remember a checkpoint as the last."""
        values = (checkpoint.origin, checkpoint.size, checkpoint.root, note)
        self._connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", values)

    def refuse(self, moment: int, refusal: str, why: str, note: str) -> None:
        """Keep what was refused: the signed note is the evidence."""
        self._connection.execute("INSERT INTO refused VALUES (?, ?, ?, ?)", (moment, refusal, why, note))

    def refusals(self) -> list[tuple[str, str]]:
        """(refusal, why), the oldest first."""
        return self._connection.execute("SELECT refusal, why FROM refused ORDER BY rowid").fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
