"""The audit log as rows: from its database, or from an independent copy. The format is docs/audit.md."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psycopg

CLASSES: Final = ("", "money", "decision", "pack", "round", "session", "staff", "key", "keeping", "extract")
"""Names of the classes by number."""

_BATCHES: Final = "SELECT first_index, count, root, frontier, checkpoint FROM batch ORDER BY first_index"
_ENTRIES: Final = (
    "SELECT index, class, recorded_us, source, key, coalesce(subject::text, ''), commitment, leaf_hash, sealed"
    " FROM entry LEFT JOIN payload USING (index) WHERE index >= %s ORDER BY index"
)
_PROGRESS: Final = "SELECT source, after, position FROM progress ORDER BY source, after"
_SUBTREES: Final = "SELECT level, index, hash FROM subtree"
_COSIGNED: Final = (
    "SELECT batch.first_index + batch.count, batch.checkpoint, array_agg(line ORDER BY witness) FROM batch"
    " JOIN cosignature ON tree_size = batch.first_index + batch.count"
    " GROUP BY batch.first_index, batch.count, batch.checkpoint ORDER BY 1 DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as it is stored."""

    index: int
    leaf: bytes
    stored_hash: bytes
    sealed: bytes | None

    @property
    def hash(self) -> bytes:
        """Hash of the leaf, from its bytes."""
        return hashlib.sha256(b"\x00" + self.leaf).digest()


@dataclass(frozen=True, slots=True)
class Batch:
    """What was appended together."""

    first_index: int
    count: int
    root: bytes
    frontier: bytes
    checkpoint: str


class AuditDatabase:
    """The database, at one moment, with a role that can read."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, application_name="audit verifier")
        self._connection.read_only = True
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def batches(self) -> list[Batch]:
        """All batches in order."""
        rows = self._connection.execute(_BATCHES).fetchall()
        return [Batch(first, count, bytes(root), bytes(frontier), note) for first, count, root, frontier, note in rows]

    def rows(self, from_index: int = 0) -> Generator[Row, None, None]:
        """All entries from a position on, in order."""
        with self._connection.cursor("entries") as cursor:
            cursor.itersize = 5_000
            cursor.execute(_ENTRIES, (from_index,))
            for index, number, recorded_us, source, key, subject, promise, stored, sealed in cursor:
                name = CLASSES[number] if 0 < number < len(CLASSES) else str(number)
                elements = [1, index, name, recorded_us, source, key, subject, bytes(promise).hex()]
                yield Row(index, leaf_bytes(elements), bytes(stored), None if sealed is None else bytes(sealed))

    def progress(self) -> list[tuple[str, int, int]]:
        """(source, after, position) of every span that was read."""
        return self._connection.execute(_PROGRESS).fetchall()

    def keys_of_ledger(self) -> list[tuple[str, str]]:
        """(source, key) of every entry that came from the ledger's log."""
        return self._connection.execute("SELECT source, key FROM entry WHERE source LIKE 'ledger/%'").fetchall()

    def keys_of_rounds(self) -> list[tuple[str, str]]:
        """(source, key) of every record of a round."""
        return self._connection.execute("SELECT source, key FROM entry WHERE source LIKE 'rounds/%'").fetchall()

    def round_events(self) -> list[tuple[str, str, int]]:
        """(source, key, index) of every event of a round that came from the ledger's log."""
        query = "SELECT source, key, index FROM entry WHERE class = %s AND source LIKE 'ledger/%%'"
        return self._connection.execute(query, (CLASSES.index("round"),)).fetchall()

    def subtrees(self) -> dict[tuple[int, int], bytes]:
        """Kept hashes of complete subtrees by (level, index)."""
        return {(level, index): bytes(found) for level, index, found in self._connection.execute(_SUBTREES)}

    def cosigned(self) -> str:
        """The newest checkpoint that a witness has cosigned, with its lines. Empty: none."""
        row = self._connection.execute(_COSIGNED).fetchone()
        return row[1] + "".join(f"{line}\n" for line in row[2]) if row else ""


def leaf_bytes(elements: Sequence[object]) -> bytes:
    """The bytes of a leaf: a JSON array without spaces."""
    return json.dumps(elements, separators=(",", ":"), ensure_ascii=False).encode()


class Copy:
    """A file with every entry, in other hands than the database. Payloads are as sealed as there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def checkpoint_path(self) -> Path:
        """Where the newest checkpoint is kept that the copy has been compared with."""
        return self.path.with_name(self.path.name + ".checkpoint")

    def rows(self) -> Iterator[Row]:
        """All entries in order. Raises ValueError for a line that is none."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for number, line in enumerate(file):
                leaf, sealed = _line(line, number)
                row = Row(number, leaf, b"", sealed)
                yield replace(row, stored_hash=row.hash)

    def checkpoint(self) -> str:
        """The kept checkpoint; empty without one."""
        return self.checkpoint_path.read_text() if self.checkpoint_path.exists() else ""

    def append(self, database: AuditDatabase, from_index: int, until: int, note: str) -> int:
        """Copy the entries of a span, then keep a checkpoint. Returns how many. A line that was cut by a kill is dropped."""
        self._mend()
        copied = 0
        with self.path.open("ab") as file, closing(database.rows(from_index)) as rows:
            for row in rows:
                if row.index >= until:
                    break
                sealed = base64.b64encode(row.sealed).decode() if row.sealed is not None else None
                file.write(
                    json.dumps({"leaf": row.leaf.decode(), "sealed": sealed}, ensure_ascii=False).encode() + b"\n"
                )
                copied += 1
        if note:
            self.checkpoint_path.write_text(note)
        return copied

    def _mend(self) -> None:
        if not self.path.exists():
            return
        with self.path.open("r+b") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)


def _line(line: bytes, number: int) -> tuple[bytes, bytes | None]:
    try:
        found = json.loads(line)
        sealed = base64.b64decode(found["sealed"], validate=True) if found["sealed"] is not None else None
        return str(found["leaf"]).encode(), sealed
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"line {number + 1} of the copy is none") from None
