"""The hash chain, recomputed from the entries, and the sequences that it runs over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Final

from mesh.verify.findings import Findings
from mesh.verify.tables import Batch, Shard, Transfer
from mesh.verify.tree import Tree

GENESIS: Final = bytes(32)
_ELEMENTS: Final = len(Transfer._fields) - 1
"""All but the shard, which stands before the entries."""


def canonical(transfer: Transfer) -> bytes:
    """One entry as the format writes it."""
    return json.dumps(transfer[:_ELEMENTS], ensure_ascii=False, separators=(",", ":")).encode()


class Sequences:
    """Entries run 1, 2, 3 ... up to the head."""

    def __init__(self, shard: Shard) -> None:
        self._head = shard.head
        self._last = 0
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """The next entry."""
        self.findings.looked_at += 1
        if transfer.sequence != self._last + 1:
            self.findings.add(f"shard {self._head.shard}: {transfer.sequence} comes after {self._last}")
        self._last = transfer.sequence

    def end(self) -> None:
        """Nothing is missing at the end either."""
        if self._head.next_sequence != self._last + 1:
            self.findings.add(
                f"shard {self._head.shard}: the head expects {self._head.next_sequence} next, the last is {self._last}"
            )


class Chain:
    """Every batch has the root of the tree over all entries up to it, and a digest that continues the one before."""

    def __init__(self, shard: Shard) -> None:
        self._head = shard.head
        self._batches: Iterator[Batch] = iter(shard.batches)
        self._batch: Batch | None = None
        self._tree = Tree()
        self._left = 0
        self._previous = GENESIS
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """The next entry."""
        if self._left == 0:
            self._begin(transfer)
        self._tree.append(canonical(transfer))
        if self._batch is None:
            return
        self._left -= 1
        if self._left == 0:
            self._finish(self._batch)

    def _begin(self, transfer: Transfer) -> None:
        self._batch = next(self._batches, None)
        if self._batch is None:
            self.findings.add(f"{self._at(transfer.sequence)}: the entry belongs to no batch")
            return
        self.findings.looked_at += 1
        if self._batch.first_sequence != transfer.sequence:
            self.findings.add(f"{self._at(transfer.sequence)}: the next batch begins at {self._batch.first_sequence}")
        if self._batch.previous != self._previous:
            self.findings.add(f"{self._at(self._batch.first_sequence)}: the batch does not name the digest before it")
        self._left = self._batch.count

    def _finish(self, batch: Batch) -> None:
        if self._tree.root() != batch.root:
            self.findings.add(f"{self._at(batch.first_sequence)}: the entries up to this batch do not have its root")
        if digest_of(self._head.shard, batch) != batch.digest:
            self.findings.add(f"{self._at(batch.first_sequence)}: the batch does not have its digest")
        self._previous = batch.digest

    def end(self) -> None:
        """The head is the last batch, and every batch is whole."""
        if self._left:
            self.findings.add(f"shard {self._head.shard}: {self._left} entries of the last batch are missing")
        if next(self._batches, None) is not None:
            self.findings.add(f"shard {self._head.shard}: there are batches without entries")
        if self._head.digest != self._previous:
            self.findings.add(f"shard {self._head.shard}: the head is not the last batch")
        if self._head.frontier != self._tree.peaks():
            self.findings.add(f"shard {self._head.shard}: the head has not the tree of its entries")

    def _at(self, sequence: int) -> str:
        return f"{self._head.shard}-{sequence}"


def digest_of(shard: int, batch: Batch) -> bytes:
    """Digest of a batch by the format: what it follows, where it stands, and the root after it."""
    place = shard.to_bytes(2) + batch.first_sequence.to_bytes(8) + batch.count.to_bytes(4)
    return hashlib.sha256(b"\x02" + batch.previous + place + batch.root).digest()
