"""Rows of an export against the leaf hashes beside them: what was changed, removed, swapped or cut off, row by row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from mesh.verify.findings import Findings


class Rows:
    """The rows of one shard as they stand in the file, told apart by their hashes and not by what they say."""

    def __init__(self, shard: int) -> None:
        self._shard = shard
        self._group: list[bytes] = []
        self._done = 0
        self._missing: dict[int, bytes] = {}
        self._foreign: list[tuple[int, bytes]] = []
        """Rows that are none of their tile's, each with the sequence in whose place it stands."""
        self.changed = Findings()
        self.removed = Findings()
        self.swapped = Findings()

    @property
    def next_sequence(self) -> int:
        """The sequence that the next row should have."""
        return self._done + len(self._group) + 1

    def see(self, row: bytes) -> None:
        """The next row."""
        self._group.append(hashlib.sha256(b"\x00" + row).digest())
        for findings in (self.changed, self.removed, self.swapped):
            findings.looked_at += 1

    def tile(self, leaves: Sequence[bytes]) -> None:
        """The hashes that the rows since the last tile should have."""
        if self._group != leaves:
            self._compare(leaves)
        self._group.clear()
        self._done += len(leaves)

    def _compare(self, leaves: Sequence[bytes]) -> None:
        place = {leaf: sequence for sequence, leaf in enumerate(leaves, self._done + 1)}
        known = [place[row] for row in self._group if row in place]
        self._name_disorder(known)
        missing = {sequence: leaf for leaf, sequence in place.items() if sequence not in set(known)}
        before = self._done
        for row in self._group:
            before = place.get(row, before + 1)
            if row not in place:
                self._foreign.append((before, row))
        self._missing |= missing

    def _name_disorder(self, known: Sequence[int]) -> None:
        once = list(dict.fromkeys(known))
        if len(once) < len(known):
            for sequence in sorted({sequence for sequence in once if known.count(sequence) > 1}):
                self.swapped.add(f"{self._at(sequence)}: the row stands there more than once")
        pairs = {frozenset(pair) for pair in zip(once, sorted(once), strict=True) if pair[0] != pair[1]}
        for pair in sorted(sorted(pair) for pair in pairs):
            self._name_swap(*pair)

    def _name_swap(self, one: int, other: int) -> None:
        self.swapped.add(f"{self._at(min(one, other))} and {self._at(max(one, other))}: swapped")

    def end(self, entries: int) -> int | None:
        """No more rows, of `entries` that there should be. Returns the last sequence before a cut, None without a cut."""
        home = {leaf: sequence for sequence, leaf in self._missing.items()}
        swapped: set[tuple[int, int]] = set()
        for place, row in self._foreign:
            origin = home.get(row)
            if origin is None and place in self._missing:
                self.changed.add(f"{self._at(place)}: changed, its hash is not the one in the tile")
                del self._missing[place]
            elif origin is None:
                self.changed.add(f"{self._at(place)}: a row that is none of the log stands before it")
            else:
                swapped.add((min(place, origin), max(place, origin)))
        for one, other in sorted(swapped):
            self._name_swap(one, other)
            self._missing.pop(one, None)
            self._missing.pop(other, None)
        if self._group:
            self.changed.add(f"{self._at(self._done + 1)}: there is no tile with the hash of this row")
        return self._name_missing(entries)

    def _name_missing(self, entries: int) -> int | None:
        for first, last in _runs(sorted(self._missing)):
            if last == entries:
                return first - 1
            rows = self._at(first) if first == last else f"{self._at(first)} to {self._at(last)}"
            self.removed.add(f"{rows}: removed")
        last = self._done + len(self._group)
        return last if last < entries else None

    def _at(self, sequence: int) -> str:
        return f"{self._shard}-{sequence}"


def _runs(sequences: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours as (first, last)."""
    found: list[tuple[int, int]] = []
    for sequence in sequences:
        if found and found[-1][1] == sequence - 1:
            found[-1] = (found[-1][0], sequence)
        else:
            found.append((sequence, sequence))
    return found
