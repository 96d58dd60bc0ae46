"""The Merkle tree of a log, grown leaf by leaf. Written from RFC 6962, section 2.1, and shared with nobody."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final, Self

TILE_HEIGHT: Final = 8
"""A tile has the hashes of 256 neighbours, as in C2SP tlog-tiles."""


class Tree:
    """Complete subtrees from left to right, each with its height; equal heights are joined at once."""

    def __init__(self) -> None:
        self._subtrees: list[tuple[int, bytes]] = []
        self.tops: list[tuple[int, bytes]] = []
        """(level, root) of every tile that has become whole, for whoever keeps them and empties the list."""

    @classmethod
    def of(cls, size: int, peaks: bytes) -> Self:
        """The tree of so many leaves with these peaks."""
        tree = cls()
        heights = [height for height in range(size.bit_length() - 1, -1, -1) if size >> height & 1]
        tree._subtrees = [(height, peaks[32 * at : 32 * at + 32]) for at, height in enumerate(heights)]
        return tree

    def append(self, leaf: bytes) -> None:
        """One more leaf."""
        self.append_hash(sha256(b"\x00" + leaf).digest())

    def append_hash(self, node: bytes) -> None:
        """One more leaf, by its hash."""
        self.extend_hashes((node,))

    def extend_hashes(self, leaves: Iterable[bytes]) -> None:
        """More leaves, by their hashes."""
        subtrees = self._subtrees
        for leaf in leaves:
            height, node = 0, leaf
            while subtrees and subtrees[-1][0] == height:
                node = sha256(b"\x01" + subtrees.pop()[1] + node).digest()
                height += 1
                if not height % TILE_HEIGHT:
                    self.tops.append((height // TILE_HEIGHT, node))
            subtrees.append((height, node))

    def root(self) -> bytes:
        """MTH over all leaves so far."""
        if not self._subtrees:
            return sha256(b"").digest()
        *others, (_, root) = self._subtrees
        for _, left in reversed(others):
            root = sha256(b"\x01" + left + root).digest()
        return root

    def peaks(self) -> bytes:
        """The roots of the complete subtrees, the largest first, as the head of a shard has them."""
        return b"".join(node for _, node in self._subtrees)
