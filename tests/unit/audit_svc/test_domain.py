"""Leaves of the audit log, and the growth of its tree."""

from __future__ import annotations

import json

import pytest

from audit_svc.domain import EMPTY, RETENTION_DAYS, Entry, RecordClass, Subtree, canonical, commitment, grow
from mesh import merkle
from tests.unit.mesh.test_merkle import LEAVES, ROOTS


def test_it_grows_to_the_roots_of_certificate_transparency_however_it_is_cut() -> None:
    for cut in range(len(LEAVES) + 1):
        end, _ = grow(EMPTY, map(merkle.leaf_hash, LEAVES[:cut]))
        end, _ = grow(end, map(merkle.leaf_hash, LEAVES[cut:]))
        assert (end.size, end.root.hex()) == (len(LEAVES), ROOTS[len(LEAVES) - 1])


def test_every_whole_subtree_of_256_and_more_is_told_once_with_its_hash() -> None:
    leaves = [merkle.leaf_hash(str(number).encode()) for number in range(65_536 + 300)]
    end, told = EMPTY, list[Subtree]()
    for first in range(0, len(leaves), 1_000):
        end, whole = grow(end, leaves[first : first + 1_000])
        told += whole
    places = [(each.level, each.index) for each in told]
    assert sorted(places) == [*((8, index) for index in range(257)), (16, 0)]
    by_place = {(each.level, each.index): each.hash for each in told}
    assert by_place[8, 7] == merkle.root_of(str(number).encode() for number in range(7 * 256, 8 * 256))
    assert by_place[16, 0] == merkle.root_of(str(number).encode() for number in range(65_536))


def test_a_leaf_is_a_json_array_that_names_nobody() -> None:
    entry = Entry(
        index=7,
        record_class=RecordClass.ROUND,
        recorded_us=1_700_000_000_000_000,
        source="ledger/3",
        key="round-17",
        subject="8b1f",
        commitment=commitment(b"salt", canonical({"player": "ada"})),
    )
    leaf = json.loads(entry.leaf())
    assert leaf[:7] == [1, 7, "round", 1_700_000_000_000_000, "ledger/3", "round-17", "8b1f"]
    assert b"ada" not in entry.leaf()


def test_the_same_event_has_another_commitment_under_another_salt() -> None:
    assert commitment(b"a" * 32, "{}") != commitment(b"b" * 32, "{}")


@pytest.mark.parametrize("record_class", RecordClass)
def test_every_class_is_kept_for_ten_years_unless_somebody_says_otherwise(record_class: RecordClass) -> None:
    assert RETENTION_DAYS[record_class] == 3653
