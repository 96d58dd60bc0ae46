"""Checkpoints and proofs from the hashes in the notebook: as many reads as the tree is high, whatever its size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mesh import merkle
from mesh.errors import DependencyDownError
from mesh.notes import Signer
from mesh.second_opinion.errors import (
    LedgerDisputedError,
    NoSigningKeyError,
    NotCheckedYetError,
    ShardNotFoundError,
    SizesInvalidError,
)
from mesh.second_opinion.notebook import HASH_SIZE, Notebook
from mesh.second_opinion.reading import Reader
from mesh.verify.lines import entry_bytes
from mesh.verify.tree import TILE_HEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A tree that was signed."""

    size: int
    root: bytes
    checkpoint: str
    verifier_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """An entry with its proof."""

    entry: bytes
    index: int
    path: list[bytes]
    signed: Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """The proof that one tree is the beginning of another."""

    path: list[bytes]
    signed: Signed


class Proofs:
    """Answers from the notebook as its last page left it. Every call may run in a thread of its own."""

    def __init__(self, notebook: Path, database_url: str, signer: Signer | None, *, statement_timeout_ms: int) -> None:
        self._path = notebook
        self._url = database_url
        self._signer = signer
        self._timeout_ms = statement_timeout_ms

    def checkpoint(self, shard: int, size: int) -> Signed:
        """Sign the tree of a shard when it had so many entries; zero for all that are checked."""
        with self._hashes(shard) as hashes:
            return self._sign(hashes, size)

    def inclusion(self, shard: int, sequence: int, size: int) -> Inclusion:
        """Prove that an entry is in the tree of so many."""
        with self._hashes(shard) as hashes:
            signed = self._sign(hashes, size)
            if sequence > signed.size:
                raise NotCheckedYetError(shard=str(shard), tree_size=str(signed.size))
            path = hashes.proof(merkle.inclusion_ranges(sequence - 1, signed.size))
            entry = self._entry(shard, sequence)
            # The proof would be of what was there once, and the entry of what is there now.
            if entry is None or merkle.leaf_hash(entry) != hashes.node((0, sequence - 1)):
                raise LedgerDisputedError(shard=str(shard))
        return Inclusion(entry=entry, index=sequence - 1, path=path, signed=signed)

    def consistency(self, shard: int, from_size: int, to_size: int) -> Consistency:
        """Prove that the tree of `from_size` is the beginning of the tree of `to_size`."""
        with self._hashes(shard) as hashes:
            signed = self._sign(hashes, to_size)
            if from_size > signed.size:
                raise SizesInvalidError(from_size=str(from_size), to_size=str(signed.size))
            path = hashes.proof(merkle.consistency_ranges(from_size, signed.size))
        return Consistency(path=path, signed=signed)

    @contextmanager
    def _hashes(self, shard: int) -> Iterator[Hashes]:
        try:
            notebook = Notebook(self._path, readonly=True)
        except sqlite3.OperationalError:
            # Not made yet.
            raise DependencyDownError(dependency="notebook", retry_after=1.0) from None
        with closing(notebook), notebook.moment():
            yield Hashes(notebook, shard)

    def _sign(self, hashes: Hashes, size: int) -> Signed:
        if self._signer is None:
            raise NoSigningKeyError
        if size > hashes.size:
            raise NotCheckedYetError(shard=str(hashes.shard), tree_size=str(hashes.size))
        size = size or hashes.size
        signer = self._signer.named(f"{self._signer.name}/{hashes.shard}")
        root = hashes.root(size)
        return Signed(size=size, root=root, checkpoint=signer.checkpoint(size, root), verifier_key=signer.verifier_key)

    def _entry(self, shard: int, sequence: int) -> bytes | None:
        with closing(Reader(self._url, statement_timeout_ms=self._timeout_ms)) as reader, reader.moment():
            lines = reader.lines([(shard, sequence - 1, sequence)])[shard]
        return entry_bytes(lines[0]) if lines else None


class Hashes:
    """The hashes of one shard."""

    def __init__(self, notebook: Notebook, shard: int) -> None:
        positions = notebook.positions()
        if shard not in positions:
            raise ShardNotFoundError(shard=str(shard), shards=str(len(positions)))
        if positions[shard].disputed:
            raise LedgerDisputedError(shard=str(shard))
        self._notebook = notebook
        self.shard = shard
        self.size = positions[shard].size

    def node(self, node: merkle.Node) -> bytes:
        """The hash of a complete subtree."""
        level, index = node
        tile, within = divmod(level, TILE_HEIGHT)
        hashes = self._notebook.hashes(self.shard, tile, index << within, index + 1 << within)
        nodes = [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
        while len(nodes) > 1:
            nodes = [merkle.node_hash(left, right) for left, right in zip(nodes[::2], nodes[1::2], strict=True)]
        return nodes[0]

    def root(self, size: int) -> bytes:
        """The root over the first entries."""
        return merkle.fold([self.node(node) for node in merkle.cover((0, size))])

    def proof(self, ranges: Iterable[merkle.Range]) -> list[bytes]:
        """The hashes of these subtrees."""
        return merkle.proof(ranges, self.node)
