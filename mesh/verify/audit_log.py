"""The audit log, checked: nothing changed, nothing removed, nothing cut off, and what was signed is what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from mesh.verify.audit_rows import AuditDatabase, Batch, Copy, Row
from mesh.verify.cosignatures import CosignatureError, WitnessKey, cosigners
from mesh.verify.findings import Check, Findings, verdict
from mesh.verify.notes import Checkpoint, Key, NoteError, open_checkpoint
from mesh.verify.tree import Tree

_TILE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTrust:
    """Keys that are trusted, and checkpoints that were kept where nobody who runs the log can write."""

    keys: Sequence[Key] = ()
    witnesses: Sequence[WitnessKey] = ()
    kept: Sequence[str] = ()


@dataclass(slots=True)
class _Found:
    changed: Findings = field(default_factory=Findings)
    removed: Findings = field(default_factory=Findings)
    roots: Findings = field(default_factory=Findings)
    signed: Findings = field(default_factory=Findings)
    kept: Findings = field(default_factory=Findings)
    subtrees: Findings = field(default_factory=Findings)
    gaps: Findings = field(default_factory=Findings)


def check_database(database: AuditDatabase, trust: AuditTrust) -> tuple[list[Check], Tree, int]:
    """All checks of a log in its database; its tree and size."""
    found, batches = _Found(), database.batches()
    walk = _Walk(found, batches, trust)
    for row in database.rows():
        walk.see(row)
    walk.end()
    _check_subtrees(database, walk, found.subtrees)
    _check_progress(database.progress(), found.gaps)
    checks = [
        verdict("no entry changed", "entries", [found.changed]),
        verdict("no entry removed", "entries", [found.removed]),
        verdict("every batch leads to the root that it says", "batches", [found.roots]),
        verdict("every root is signed", "checkpoints", [found.signed]),
        verdict("kept hashes are those of the tree", "subtrees", [found.subtrees]),
        verdict("no source has a gap", "spans", [found.gaps]),
    ]
    if trust.kept:
        checks.append(verdict("the log continues what was signed and kept", "checkpoints", [found.kept]))
    return checks, walk.tree, walk.size


class _Walk:
    """Entries in order, with the batches that they belong to and the checkpoints that were kept."""

    def __init__(self, found: _Found, batches: Sequence[Batch], trust: AuditTrust) -> None:
        self._found = found
        self._trust = trust
        self._batches = iter(batches)
        self._batch = next(self._batches, None)
        self._spoiled = False
        self.tree = Tree()
        self.size = 0
        self.tops: dict[tuple[int, int], bytes] = {}
        self._counts: dict[int, int] = {}
        self._kept = sorted(_opened(trust, found.kept), key=lambda kept: kept.size)
        if self._batch and self._batch.first_index:
            found.removed.add(f"batch {self._batch.first_index}: nothing stands before it")

    def see(self, row: Row) -> None:
        """The next entry."""
        found = self._found
        found.changed.looked_at += 1
        found.removed.looked_at += 1
        while self.size < row.index:
            found.removed.add(f"entry {self.size}: removed")
            self._append(b"\0" * 32)
            self._spoiled = True
        if row.hash != row.stored_hash:
            found.changed.add(f"entry {row.index}: changed, its hash is not the one that was written with it")
        self._append(row.stored_hash)

    def _append(self, leaf: bytes) -> None:
        self.tree.append_hash(leaf)
        for level, top in self.tree.tops:
            place = self._counts.get(level, 0)
            self._counts[level] = place + 1
            if not self._spoiled:
                self.tops[level * _TILE, place] = top
        self.tree.tops.clear()
        self.size += 1
        while self._kept and self._kept[0].size == self.size:
            kept = self._kept.pop(0)
            if kept.root != self.tree.root():
                self._found.kept.add(f"the {kept.size} entries that were signed once were others")
        self._end_batch()

    def _end_batch(self) -> None:
        batch = self._batch
        if batch is None or self.size < batch.first_index + batch.count:
            return
        found = self._found
        found.roots.looked_at += 1
        found.signed.looked_at += 1
        root = self.tree.root()
        if root != batch.root or self.tree.peaks() != batch.frontier:
            last = batch.first_index + batch.count - 1
            found.roots.add(f"entries {batch.first_index} to {last}: they lead to another root")
            # What comes after may still be right: go on from what the batch itself says.
            self.tree = Tree.of(self.size, batch.frontier)
        self._spoiled = False
        self._check_note(batch)
        following = next(self._batches, None)
        if following is not None and following.first_index != self.size:
            found.removed.add(f"batch {following.first_index}: it does not begin where the one before it ends")
        self._batch = following

    def _check_note(self, batch: Batch) -> None:
        try:
            signed = open_checkpoint(batch.checkpoint, self._trust.keys)
        except NoteError as error:
            self._found.signed.add(f"batch {batch.first_index}: {error}")
            return
        if (signed.size, signed.root) != (batch.first_index + batch.count, batch.root):
            self._found.signed.add(f"batch {batch.first_index}: its checkpoint is of another tree")

    def end(self) -> None:
        """After the last entry."""
        if self._batch is not None:
            end = max((batch.first_index + batch.count for batch in (self._batch, *self._batches)), default=self.size)
            self._found.removed.add(f"entries {self.size} to {end - 1}: removed from the end")
        for kept in self._kept:
            self._found.kept.add(f"cut off: {kept.size} entries were signed once, and the log has {self.size}")


def _opened(trust: AuditTrust, findings: Findings) -> Iterator[Checkpoint]:
    for note in trust.kept:
        findings.looked_at += 1
        try:
            checkpoint = open_checkpoint(note, trust.keys)
            cosigners(note, trust.witnesses)
        except (NoteError, CosignatureError) as error:
            findings.add(f"a kept checkpoint: {error}")
        else:
            if checkpoint.size:
                yield checkpoint


def _check_subtrees(database: AuditDatabase, walk: _Walk, findings: Findings) -> None:
    for place, kept in database.subtrees().items():
        findings.looked_at += 1
        expected = walk.tops.get(place)
        if expected is not None and expected != kept:
            findings.add(f"subtree {place[1]} of {1 << place[0]} leaves: another hash")


def _check_progress(progress: Iterable[tuple[str, int, int]], findings: Findings) -> None:
    for source, spans in groupby(progress, key=lambda span: span[0]):
        at = 0
        for _, after, position in spans:
            findings.looked_at += 1
            if after != at:
                findings.add(f"{source}: what comes after {at} is missing up to {after}")
            at = position


def compare_copy(database: AuditDatabase, copy: Copy, trust: AuditTrust) -> tuple[list[Check], int]:
    """The copy rebuilt from its own lines, against its checkpoint and against the database; its size."""
    rebuilt, changed, missing, payloads = Findings(), Findings(), Findings(), Findings()
    tree, size, kept = Tree(), 0, None
    note = copy.checkpoint()
    if note:
        kept = next(_opened(AuditTrust(keys=trust.keys, witnesses=trust.witnesses, kept=[note]), rebuilt), None)
    theirs = database.rows()
    other = next(theirs, None)
    for row in copy.rows():
        while other is not None and other.index < row.index:
            other = next(theirs, None)
        changed.looked_at += 1
        if other is None or other.index > row.index:
            missing.add(f"entry {row.index}: the copy has it, the database has not")
        elif other.leaf != row.leaf:
            changed.add(f"entry {row.index}: changed, the copy has {row.leaf.decode()}")
        else:
            payloads.looked_at += 1
            # An erased payload is gone by its key or as a whole; it never becomes another one.
            if other.sealed is not None and row.sealed is not None and other.sealed != row.sealed:
                payloads.add(f"entry {row.index}: another payload than in the copy")
        tree.append_hash(row.hash)
        size += 1
        if kept is not None and size == kept.size and tree.root() != kept.root:
            rebuilt.add(f"the copy's first {size} entries do not lead to its checkpoint")
    theirs.close()
    if kept is not None and kept.size > size:
        rebuilt.add(f"the copy has {size} entries, and its checkpoint {kept.size}")
    checks = [
        verdict("the copy leads to its checkpoint", "checkpoints", [rebuilt]),
        verdict("every entry is the one of the copy", "entries", [changed, missing]),
        verdict("every payload is the one of the copy", "payloads", [payloads]),
    ]
    return checks, size
