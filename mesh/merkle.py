"""Merkle trees of RFC 6962: append, root, proofs and their verification. Pure; nothing here reads or writes.

A tree that only grows is kept as its peaks: the roots of its complete subtrees, the largest first. A tree of n leaves
has as many peaks as n has one-bits, so 63 are enough for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final, TypeAlias

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""Root of a tree without leaves."""

_NODE: Final = b"\x01"

Node: TypeAlias = tuple[int, int]
"""A complete subtree: (level, index). It covers the leaves from index << level on, 1 << level of them."""
Range: TypeAlias = tuple[int, int]
"""Leaves from the first number up to, and without, the second."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of a node over its two children."""
    return sha256(_NODE + left + right).digest()


def extend(peaks: list[bytes], size: int, leaves: Iterable[bytes]) -> int:
    """Append leaf data to the peaks of a tree of this size, in place. Returns the new size."""
    # Names of the loop are local: it runs once for every entry of the ledger.
    sha, pop, push = sha256, peaks.pop, peaks.append
    for data in leaves:
        node = sha(b"\x00" + data).digest()
        carry = size
        while carry & 1:
            node = sha(b"\x01" + pop() + node).digest()
            carry >>= 1
        push(node)
        size += 1
    return size


def fold(peaks: Sequence[bytes]) -> bytes:
    """Root over peaks, which is the root of their tree."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in peaks[-2::-1]:
        root = sha256(_NODE + peak + root).digest()
    return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Root of the tree over this leaf data."""
    peaks: list[bytes] = []
    extend(peaks, 0, leaves)
    return fold(peaks)


def pack(peaks: Iterable[bytes]) -> bytes:
    """Peaks as one string of bytes, the largest first."""
    return b"".join(peaks)


def unpack(packed: bytes, size: int) -> list[bytes]:
    """Peaks of a tree of this size. Raises ValueError if there are more or fewer."""
    if len(packed) != size.bit_count() * HASH_SIZE:
        raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(packed) / HASH_SIZE:g}")
    return [packed[at : at + HASH_SIZE] for at in range(0, len(packed), HASH_SIZE)]


def cover(leaves: Range) -> list[Node]:
    """The complete subtrees that a subtree of RFC 6962 consists of, from left to right.

    The range begins at a multiple of the largest of them, as every range that the proofs below name does.
    """
    first, end = leaves
    nodes = []
    while first < end:
        level = (end - first).bit_length() - 1
        nodes.append((level, first >> level))
        first += 1 << level
    return nodes


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The subtrees whose hashes prove that the leaf `index` is in the tree of `size`, in the order of the proof."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    first, end = 0, size
    path = []
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((first, middle))
            first = middle
    return path[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The subtrees whose hashes prove that the tree of `old` leaves is the beginning of the tree of `new`."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves cannot continue one of {old}")
    if old in {0, new}:
        return []
    first, end, whole = 0, new, True
    path = []
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((first, middle))
            first, whole = middle, False
    # The verifier has the old root already; any other subtree it must be told.
    return ([] if whole else [(first, end)]) + path[::-1]


def proof(ranges: Iterable[Range], hash_of: Callable[[Node], bytes]) -> list[bytes]:
    """Hashes of these subtrees, made of complete ones that `hash_of` knows."""
    return [fold([hash_of(node) for node in cover(leaves)]) for leaves in ranges]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that a leaf with this hash is at `index` of the tree with `size` leaves and this root.

    The algorithm of RFC 9162, 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of `new` leaves continues the tree of `old`. RFC 9162, 2.1.4.2."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    steps = list(path) if old & (old - 1) else [old_root, *path]
    return bool(steps) and _grown(old, new, steps) == (old_root, new_root)


def _grown(old: int, new: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that the steps of a consistency proof lead to; None if they do not fit the sizes."""
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_root = new_root = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old_root, new_root = node_hash(step, old_root), node_hash(step, new_root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_root = node_hash(new_root, step)
        at, last = at >> 1, last >> 1
    return (old_root, new_root) if last == 0 else None


def _split(count: int) -> int:
    """The largest power of two below the count."""
    return 1 << (count - 1).bit_length() - 1
