"""Signed checkpoints against the log: does it have the entries that somebody once signed?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mesh.verify.chain import canonical
from mesh.verify.findings import Findings
from mesh.verify.notes import Checkpoint, Key, NoteError, open_checkpoint, parse_checkpoint
from mesh.verify.tables import Transfer
from mesh.verify.tree import Tree


class Signed:
    """Checkpoints of one shard, each compared when the log has as many entries as it says."""

    def __init__(self, shard: int, kept: Iterable[Checkpoint]) -> None:
        self._shard = shard
        self._waiting = sorted(kept, key=lambda one: one.size)
        self._tree = Tree()
        self._size = 0
        self.agree = Findings()
        self.tail = Findings()
        self._compare()

    def see(self, transfer: Transfer) -> None:
        """The next entry."""
        self._tree.append(canonical(transfer))
        self._size += 1
        if self._waiting:
            self._compare()

    def _compare(self) -> None:
        while self._waiting and self._waiting[0].size == self._size:
            signed = self._waiting.pop(0)
            self.agree.looked_at += 1
            if signed.root != self._tree.root():
                self.agree.add(
                    f"{self._shard}-{signed.size}: the log up to here is not the one that {signed.origin} has signed"
                )

    def finish(self, inside: Iterable[Checkpoint]) -> None:
        """No more entries, and these checkpoints stand behind them."""
        self._waiting = sorted([*self._waiting, *inside], key=lambda one: one.size)
        self._compare()
        for signed in self._waiting:
            self.agree.looked_at += 1
            what = f"{signed.origin} has signed {signed.size} entries"
            if signed.size > self._size:
                self.tail.add(f"shard {self._shard}: cut off after {self._shard}-{self._size}, {what}")
            self.agree.add(f"shard {self._shard}: {what}, there are {self._size}")


def opened(notes: Iterable[str], keys: Sequence[Key]) -> tuple[dict[int, list[Checkpoint]], Findings]:
    """Checkpoints by shard, the last part of a log's name; what cannot be trusted is a finding.

    Without keys every checkpoint is taken as it stands: good enough for what one has kept oneself.
    """
    found: dict[int, list[Checkpoint]] = {}
    refused = Findings()
    for note in notes:
        name = note.partition("\n")[0]
        try:
            checkpoint = open_checkpoint(note, keys) if keys else parse_checkpoint(note)
            shard = int(checkpoint.origin.rpartition("/")[2])
        except NoteError as error:
            refused.add(f"the checkpoint of {name!r}: {error}")
        except ValueError:
            refused.add(f"the checkpoint of {name!r}: the name of its log does not end with a shard")
        else:
            found.setdefault(shard, []).append(checkpoint)
    return found, refused
