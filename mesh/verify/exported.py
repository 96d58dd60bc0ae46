"""Reads an export line by line, and names what was done to the file itself."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from mesh.verify.chain import canonical
from mesh.verify.findings import Findings
from mesh.verify.lines import transfer_of
from mesh.verify.rows import Rows
from mesh.verify.tables import Account, Asset, Batch, Head, Hold, Names, Player, Round, Shard, Transfer

FORMAT: Final = "pitboss-ledger-export"
VERSION: Final = 1
_HASH_SIZE: Final = 32
_ENDS: Final = ("shard", "checkpoint", "end")
"""Lines that end the entries of a shard."""


class ExportError(ValueError):
    """The file is no export, or one that this checker is too old for."""


@dataclass(slots=True)
class Spoiled:
    """What was done to the file, by name."""

    changed: Findings = field(default_factory=Findings)
    removed: Findings = field(default_factory=Findings)
    swapped: Findings = field(default_factory=Findings)
    truncated: Findings = field(default_factory=Findings)
    unreadable: Findings = field(default_factory=Findings)
    altered: Findings = field(default_factory=Findings)


class Export:
    """A ledger in a file. Shards are read in their order, each once: first its tables, then its entries."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("rb")
        self._digest = hashlib.sha256()
        self._digest_before = self._digest.hexdigest()
        self._lines = 0
        self._ahead: bytes | None = None
        self._notes: list[str] = []
        self.spoiled = Spoiled()
        try:
            self._names, self._heads = _header(_object(self._next()))
        except ExportError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def names(self) -> Names:
        """What the numbers mean."""
        return self._names

    def heads(self) -> list[Head]:
        """The end of every log, as the file's first line has it."""
        return self._heads

    def shard(self, head: Head) -> Shard:
        """The tables of the next shard."""
        rows: dict[str, list[Any]] = {name: [] for name in _TABLES}
        if _object(self._peek()) == {"shard": head.shard}:
            self._next()
        while (line := self._peek()) is not None and line[:1] != b"[" and not _ends(line, "tile", *_ENDS):
            self._table_row(rows)
        return Shard(
            head=head,
            batches=rows["batch"],
            accounts={account.id: account for account in rows["account"]},
            rounds=rows["round"],
            holds=rows["hold"],
            players=dict(rows["player"]),
        )

    def _table_row(self, rows: dict[str, list[Any]]) -> None:
        try:
            ((name, row),) = (_object(self._next()) or {}).items()
            rows[name].append(_TABLES[name](row))
        except (TypeError, ValueError, KeyError):
            self._not_a_line()

    def _not_a_line(self) -> None:
        self.spoiled.changed.add(f"line {self._lines}: changed, it is none of the lines that may stand here")

    def transfers(self, head: Head) -> Iterator[Transfer]:
        """The log of the shard whose tables were read last."""
        rows = Rows(head.shard)
        while (line := self._peek()) is not None and not _ends(line, *_ENDS):
            if line[:1] != b"{":
                yield from self._entry(rows, head.shard)
            elif (found := _object(self._next())) is not None and found.keys() == {"tile", "hashes"}:
                rows.tile(_leaves(found["hashes"]))
            else:
                self._not_a_line()
        self._end_of_shard(head, rows)

    def _entry(self, rows: Rows, shard: int) -> Iterator[Transfer]:
        raw, place = self._next() or b"", rows.next_sequence
        rows.see(raw)
        try:
            transfer = transfer_of(shard, raw)
        except ValueError:
            self.spoiled.unreadable.add(f"{shard}-{place}: the line is no entry")
            return
        if canonical(transfer) != raw:
            self.spoiled.unreadable.add(f"{shard}-{place}: the line is not how the format writes this entry")
        yield transfer

    def _end_of_shard(self, head: Head, rows: Rows) -> None:
        entries, spoiled = head.next_sequence - 1, self.spoiled
        cut = rows.end(entries)
        spoiled.changed.absorb(rows.changed)
        spoiled.removed.absorb(rows.removed)
        spoiled.swapped.absorb(rows.swapped)
        spoiled.unreadable.looked_at += rows.changed.looked_at
        spoiled.truncated.looked_at += 1
        if cut is not None:
            spoiled.truncated.add(
                f"shard {head.shard}: cut off after {head.shard}-{cut}, its head has {entries} entries"
            )
        if _ends(self._peek() or b"", "checkpoint"):
            self._notes.append(str((_object(self._next()) or {})["checkpoint"]))

    def notes(self) -> list[str]:
        """Signed checkpoints behind the entries of the shard that was read last."""
        notes, self._notes = self._notes, []
        return notes

    def end(self) -> None:
        """The file ends as it says, and is the one that was written."""
        self.spoiled.truncated.looked_at += 1
        last = (_object(self._next()) or {}).get("end")
        self.spoiled.altered.looked_at += self._lines
        if not isinstance(last, dict):
            self.spoiled.truncated.add(f"line {self._lines}: the file does not end with its last line")
        elif last.get("lines") != self._lines or self._peek() is not None:
            self.spoiled.altered.add(f"it has {self._lines} lines up to its last one, which says {last.get('lines')}")
        elif last.get("sha256") != self._digest_before:
            self.spoiled.altered.add("it has another SHA-256 than its last line says")

    def _peek(self) -> bytes | None:
        if self._ahead is None:
            line = self._file.readline()
            self._ahead = line.removesuffix(b"\n") if line else None
        return self._ahead

    def _next(self) -> bytes | None:
        line, self._ahead = self._peek(), None
        if line is not None:
            self._lines += 1
            self._digest_before = self._digest.hexdigest() if line.startswith(b'{"end"') else ""
            self._digest.update(line + b"\n")
        return line


def _header(line: dict[str, Any] | None) -> tuple[Names, list[Head]]:
    if line is None or line.get("format") != FORMAT:
        raise ExportError(f"this is no export: its first line does not say {FORMAT}")
    if line.get("version") != VERSION:
        raise ExportError(f"the export has version {line.get('version')}, this checker knows {VERSION}")
    try:
        return _names(line), [_head(each) for each in line["shards"]]
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ExportError("line 1: changed, it does not say what the export has") from error


def _names(header: dict[str, Any]) -> Names:
    return Names(
        licensees={int(key): str(name) for key, name in header["licensees"].items()},
        assets={int(key): Asset(_whole(of), str(code), _whole(e)) for key, (of, code, e) in header["assets"].items()},
        sources={int(key): str(name) for key, name in header["sources"].items()},
    )


def _head(each: dict[str, Any]) -> Head:
    digest, frontier = bytes.fromhex(each["digest"]), bytes.fromhex(each["frontier"])
    return Head(int(each["shard"]), int(each["entries"]) + 1, digest, frontier)


def _account(row: list[Any]) -> Account:
    *names, debits, credits_ = row
    return Account._make((*map(_whole, names), int(debits), int(credits_)))


def _batch(row: list[Any]) -> Batch:
    first, count, previous, digest, root, writer = row
    hashes = [bytes.fromhex(text) for text in (previous, digest, root)]
    return Batch(_whole(first), _whole(count), hashes[0], hashes[1], hashes[2], str(writer))


def _whole(value: Any) -> Any:  # noqa: ANN401 - what JSON gives
    """An integer or nothing."""
    if value is not None and type(value) is not int:
        raise ValueError(f"{value!r} is no integer")
    return value


def _player(row: list[Any]) -> tuple[int, Player]:
    player_id, licensee_id, name = row
    return _whole(player_id), Player(_whole(licensee_id), str(name))


_TABLES: Final[Mapping[str, Callable[[list[Any]], Any]]] = {
    "player": _player,
    "account": _account,
    "round": Round._make,
    "hold": Hold._make,
    "batch": _batch,
}


def _ends(line: bytes, *names: str) -> bool:
    """Whether the line is an object that begins with one of these names."""
    found = _object(line) if line[:1] == b"{" else None
    return found is not None and next(iter(found), "") in names


def _object(line: bytes | None) -> dict[str, Any] | None:
    """A line that is a JSON object."""
    try:
        found = json.loads(line) if line else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _leaves(text: object) -> list[bytes]:
    try:
        hashes = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        return []
    return [hashes[at : at + _HASH_SIZE] for at in range(0, len(hashes), _HASH_SIZE)]
