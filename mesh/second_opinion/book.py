"""Entries and batches recomputed, in memory: the tree, the chain, every balance. Pure; nothing here reads or writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Final, NamedTuple

from mesh.second_opinion.notebook import HASH_SIZE, TILE, Position
from mesh.verify.chain import digest_of
from mesh.verify.lines import entry_bytes, transfer_of
from mesh.verify.people import SAYING
from mesh.verify.tables import Batch, Transfer
from mesh.verify.tree import TILE_HEIGHT, Tree

LOST: Final = bytes(HASH_SIZE)
"""Stands for an entry that is not there, so that all others keep their places."""

_MOST_LOST: Final = 100_000
"""Entries that are named one by one when they are missing; a hole that is larger is none of single rows."""

_NULL: Final = b"null"
_SEQUENCE, _OPERATION, _KIND, _KEY, _OUTCOME = 0, 1, 5, 6, 8
_DEBIT, _CREDIT, _MOVED, _DEBIT_AFTER, _CREDIT_AFTER = 11, 12, 13, 14, 15
_HOLD_KINDS: Final = frozenset({b"6", b"7", b"8", b"9"})
_SAYING_KINDS: Final = frozenset(b"%d" % kind for kind in SAYING)
"""Kinds that may say a fact of a player."""
_IDENTITY: Final = slice(2, 7)
"""Licensee, player, source, kind and key: what must never come twice."""


class Problem(NamedTuple):
    """Something that does not agree, and where."""

    place: str
    problem: str


@dataclass(slots=True)
class Accounts:
    """What every account is worth: [debits, credits, owner], and which of them have moved.

    The owner is 0 for a player, 1 for the house, and 2 for what a player owes, which is never above zero.
    """

    sums: dict[int, list[int]]
    moved: set[int] = field(default_factory=set)
    strangers: set[int] = field(default_factory=set)
    """Accounts of which nobody has said yet whose they are."""
    disputed: set[int] = field(default_factory=set)
    """Accounts whose balance is not what their entries say. Each is told once, not with every later entry."""
    negative: dict[int, str] = field(default_factory=dict)
    """Where an account was below zero for the first time, of those that may not be the house's."""

    def move(self, debit: int, credit: int, amount: int, place: tuple[int, int]) -> tuple[int, int]:
        """Move money; returns both balances. `place` is shard and sequence."""
        giving = self.sums.get(debit) or self._open(debit)
        taking = self.sums.get(credit) or self._open(credit)
        giving[0] += amount
        taking[1] += amount
        left = giving[1] - giving[0]
        if left < 0 and not giving[2]:
            self.negative.setdefault(debit, "{}-{}".format(*place))
        self.moved.add(debit)
        self.moved.add(credit)
        return left, taking[1] - taking[0]

    def _open(self, account: int) -> list[int]:
        self.strangers.add(account)
        sums = self.sums[account] = [0, 0, 0]
        return sums


class ShardBook:
    """One shard, recomputed up to some entry."""

    def __init__(self, position: Position, partial: dict[int, bytes]) -> None:
        self.shard = position.shard
        self.size = position.size
        self.digest = position.digest
        self.disputed = position.disputed
        self._tree = Tree.of(position.size, position.peaks)
        self._growing = {level: bytearray(hashes) for level, hashes in partial.items()}
        """Hashes of the last tile of each level, which is not whole."""
        self._kept = position.size
        self.problems: list[Problem] = []
        self.keys: list[int] = []
        self.key_places: list[int] = []
        """Sequences of the keys."""
        self.holds: list[Transfer] = []
        """Entries that change a reservation."""
        self.sayings: list[Transfer] = []
        """Entries that may say a fact of a player."""

    @classmethod
    def empty(cls, shard: int) -> ShardBook:
        """A shard of which nothing is known yet."""
        return cls(Position(shard=shard, size=0, digest=bytes(HASH_SIZE), peaks=b"", disputed=False), {})

    @property
    def position(self) -> Position:
        """What there is to remember."""
        return Position(
            shard=self.shard, size=self.size, digest=self.digest, peaks=self._tree.peaks(), disputed=self.disputed
        )

    def dispute(self, sequence: int, problem: str) -> None:
        """Something of this shard does not agree, so nothing of it is signed any more."""
        self.disputed = True
        self.problems.append(Problem(f"{self.shard}-{sequence}", problem))

    # -- one page

    def take(self, lines: Sequence[bytes], batches: Sequence[Batch], accounts: Accounts) -> None:
        """Recompute the batches of a page from its entries, as lines of COPY."""
        at = 0
        for batch in batches:
            end = at + batch.count
            last = batch.first_sequence + batch.count - 1
            if len(lines) < end or lines[end - 1].partition(b"\t")[0] != b"%d" % last:
                end = self._until(lines, at, last)
            self._take_batch(batch, lines[at:end], accounts)
            at = end
        if at < len(lines):
            sequence = int(lines[at].partition(b"\t")[0])
            self.dispute(sequence, "the entry belongs to no batch")

    def _until(self, lines: Sequence[bytes], at: int, last: int) -> int:
        """Where the lines end that belong to a batch of which some are not there."""
        while at < len(lines) and int(lines[at].partition(b"\t")[0]) <= last:
            at += 1
        return at

    def _take_batch(self, batch: Batch, lines: Sequence[bytes], accounts: Accounts) -> None:
        was_disputed = self.disputed
        if batch.first_sequence != self.size + 1:
            self.dispute(self.size + 1, f"the next batch begins at {batch.first_sequence}")
        if batch.previous != self.digest:
            self.dispute(batch.first_sequence, "the batch does not name the digest before it")
        if digest_of(self.shard, batch) != batch.digest:
            self.dispute(batch.first_sequence, "the batch does not have its digest")
        self._take_entries(batch, lines, accounts)
        # What is already disputed would be disputed again by every batch that follows.
        if not was_disputed and not self.disputed and self._tree.root() != batch.root:
            last = batch.first_sequence + batch.count - 1
            self.dispute(
                batch.first_sequence, f"the entries up to {self.shard}-{last} do not have the root of the batch"
            )
        self.digest = batch.digest

    def _take_entries(self, batch: Batch, lines: Sequence[bytes], accounts: Accounts) -> None:
        shard, size = self.shard, self.size
        leaves: list[bytes] = []
        for line in lines:
            entry = entry_bytes(line)
            fields = line.split(b"\t", _CREDIT_AFTER + 1)
            sequence = int(fields[_SEQUENCE])
            if sequence != size + 1:
                lost = self._lose(size + 1, sequence)
                leaves += lost
                size += len(lost)
            size += 1
            leaves.append(sha256(b"\x00" + entry).digest())
            if fields[_MOVED] != _NULL:
                self._post((shard, sequence), fields, accounts)
            if fields[_KEY] != _NULL:
                self.keys.append(_key_hash(fields))
                self.key_places.append(sequence)
            if fields[_KIND] in _HOLD_KINDS and fields[_OUTCOME] == b"1" and not _is_leg(fields):
                self._note(self.holds, entry, sequence)
            if fields[_KIND] in _SAYING_KINDS:
                self._note(self.sayings, entry, sequence)
        lost = self._lose(size + 1, batch.first_sequence + batch.count)
        self._keep(leaves + lost)
        self.size = size + len(lost)

    def _lose(self, first: int, found: int) -> list[bytes]:
        """Entries that are missing before the one that was found."""
        if found < first:
            self.dispute(found, f"the entry comes after {self.shard}-{first - 1}")
            return []
        if found - first > _MOST_LOST:
            self.dispute(first, f"all entries up to {self.shard}-{found - 1} are missing")
            return []
        for sequence in range(first, found):
            self.dispute(sequence, "the entry is missing")
        return [LOST] * (found - first)

    def _post(self, place: tuple[int, int], fields: Sequence[bytes], accounts: Accounts) -> None:
        debit, credit = int(fields[_DEBIT]), int(fields[_CREDIT])
        debit_after, credit_after = accounts.move(debit, credit, int(fields[_MOVED]), place)
        if fields[_DEBIT_AFTER] != b'"%d"' % debit_after and debit not in accounts.disputed:
            self._balance_differs(place, accounts, debit, fields[_DEBIT_AFTER])
        if fields[_CREDIT_AFTER] != b'"%d"' % credit_after and credit not in accounts.disputed:
            self._balance_differs(place, accounts, credit, fields[_CREDIT_AFTER])

    def _balance_differs(self, place: tuple[int, int], accounts: Accounts, account: int, told: bytes) -> None:
        self.disputed = True
        accounts.disputed.add(account)
        debits, credits_, _ = accounts.sums[account]
        balance = credits_ - debits
        says = told.decode().strip('"')
        self.problems.append(
            Problem(
                "{}-{}".format(*place),
                f"it says that account {account} has {says} afterwards, its transfers say {balance}",
            )
        )

    def _note(self, entries: list[Transfer], entry: bytes, sequence: int) -> None:
        try:
            entries.append(transfer_of(self.shard, entry))
        except ValueError:
            self.dispute(sequence, "the entry cannot be read")

    # -- the tree's tiles

    def _keep(self, leaves: Sequence[bytes]) -> None:
        self._tree.extend_hashes(leaves)
        self._grow(0, leaves)
        tops, self._tree.tops = self._tree.tops, []
        for level, root in tops:
            self._grow(level, [root])

    def _grow(self, level: int, hashes: Sequence[bytes]) -> None:
        growing = self._growing.setdefault(level, bytearray())
        growing += b"".join(hashes)

    def take_tiles(self) -> list[tuple[int, int, int, bytes]]:
        """(shard, level, number, hashes) of the tiles that have changed since the last time."""
        found: list[tuple[int, int, int, bytes]] = []
        if self._kept == self.size:
            return found
        self._kept = self.size
        for level, growing in self._growing.items():
            count = self.size >> TILE_HEIGHT * level
            number = (count * HASH_SIZE - len(growing)) // (TILE * HASH_SIZE)
            while len(growing) >= TILE * HASH_SIZE:
                found.append((self.shard, level, number, bytes(growing[: TILE * HASH_SIZE])))
                del growing[: TILE * HASH_SIZE]
                number += 1
            if growing:
                found.append((self.shard, level, number, bytes(growing)))
        return found


def _is_leg(fields: Sequence[bytes]) -> bool:
    """Whether a row only moves a further part of the posting before it."""
    return fields[_KEY] == _NULL and fields[_OPERATION] != fields[_SEQUENCE]


def _key_hash(fields: Sequence[bytes]) -> int:
    """64 bits of what must be unique, as SQLite has integers. Two that meet by chance are told apart in the ledger."""
    return int.from_bytes(blake2b(b"\t".join(fields[_IDENTITY]), digest_size=8).digest(), "big", signed=True)
