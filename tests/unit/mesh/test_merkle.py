"""Trees against the vectors of certificate transparency, against RFC 6962 as written, and against every spoiled byte."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh import merkle

# The test data of the reference implementation of certificate transparency.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS: dict[tuple[int, int], list[str]] = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY: dict[tuple[int, int], list[str]] = {
    (1, 1): [],
    (1, 8): PATHS[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:half]) + tree_hash(leaves[half:])).digest()


def included(leaves: Sequence[bytes], index: int, size: int) -> list[bytes]:
    return merkle.proof(merkle.inclusion_ranges(index, size), lambda node: _node(leaves, node))


def continued(leaves: Sequence[bytes], old: int, new: int) -> list[bytes]:
    return merkle.proof(merkle.consistency_ranges(old, new), lambda node: _node(leaves, node))


def _node(leaves: Sequence[bytes], node: merkle.Node) -> bytes:
    level, index = node
    return tree_hash(leaves[index << level : (index + 1) << level])


def many(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert merkle.root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.fold([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("index", "size"), PATHS)
def test_inclusion_proofs_are_those_of_certificate_transparency(index: int, size: int) -> None:
    path = included(LEAVES, index, size)
    assert [step.hex() for step in path] == PATHS[index, size]
    assert merkle.includes(merkle.leaf_hash(LEAVES[index]), index, size, path, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proofs_are_those_of_certificate_transparency(old: int, new: int) -> None:
    path = continued(LEAVES, old, new)
    assert [step.hex() for step in path] == CONSISTENCY[old, new]
    assert merkle.consistent(old, new, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1]), path)


@given(st.lists(st.binary(max_size=8), max_size=40), st.data())
def test_a_tree_grown_in_any_steps_has_the_root_of_the_rfc(leaves: list[bytes], data: st.DataObject) -> None:
    peaks: list[bytes] = []
    size = 0
    while size < len(leaves):
        step = data.draw(st.integers(1, len(leaves) - size))
        size = merkle.extend(peaks, size, leaves[size : size + step])
        assert peaks == merkle.unpack(merkle.pack(peaks), size)
        assert peaks == [_node(leaves, node) for node in merkle.cover((0, size))]
    assert merkle.fold(peaks) == tree_hash(leaves)


def test_every_leaf_of_every_small_tree_has_a_proof_and_no_other_leaf_passes_with_it() -> None:
    leaves = many(33)
    for size in range(1, 34):
        root = tree_hash(leaves[:size])
        for index in range(size):
            path = included(leaves, index, size)
            passes = {
                at for at in range(size) if merkle.includes(merkle.leaf_hash(leaves[index]), at, size, path, root)
            }
            assert passes == {index}
            assert not merkle.includes(merkle.leaf_hash(b"other"), index, size, path, root)
            assert not merkle.includes(merkle.leaf_hash(leaves[index]), index, size, [*path, root], root)
            assert not path or not merkle.includes(merkle.leaf_hash(leaves[index]), index, size, path[:-1], root)


def test_every_small_tree_is_consistent_with_its_beginnings_and_with_nothing_else() -> None:
    leaves = many(33)
    roots = [tree_hash(leaves[:size]) for size in range(34)]
    for new in range(34):
        for old in range(new + 1):
            path = continued(leaves, old, new)
            assert merkle.consistent(old, new, roots[old], roots[new], path)
            assert not merkle.consistent(old, new, merkle.leaf_hash(b"other"), roots[new], path)
            assert not merkle.consistent(old, new, roots[old], roots[new], [*path, roots[0]])
            if old:
                assert not merkle.consistent(old, new, roots[old], merkle.leaf_hash(b"other"), path)


@given(st.integers(1, 70), st.data())
def test_a_spoiled_step_fails_a_proof(size: int, data: st.DataObject) -> None:
    leaves = many(size)
    index = data.draw(st.integers(0, size - 1))
    path = included(leaves, index, size)
    if not path:
        return
    at = data.draw(st.integers(0, len(path) - 1))
    path[at] = merkle.leaf_hash(path[at])
    assert not merkle.includes(merkle.leaf_hash(leaves[index]), index, size, path, tree_hash(leaves))


def test_a_leaf_beyond_the_tree_and_a_tree_that_shrinks_have_no_proof() -> None:
    with pytest.raises(ValueError, match="tree of 3 leaves"):
        merkle.inclusion_ranges(3, 3)
    with pytest.raises(ValueError, match="tree of 3 leaves"):
        merkle.consistency_ranges(4, 3)
    assert not merkle.includes(bytes(32), 3, 3, [], bytes(32))
    assert not merkle.consistent(4, 3, bytes(32), bytes(32), [])


def test_peaks_that_do_not_fit_the_size_are_refused() -> None:
    with pytest.raises(ValueError, match="3 leaves"):
        merkle.unpack(bytes(32), 3)
