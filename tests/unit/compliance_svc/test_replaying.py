"""Samples of decisions that are decided again: which are drawn, when, and what is found."""

from __future__ import annotations

import json
from random import SystemRandom

import pytest

from compliance_svc.domain import StoredDecision
from compliance_svc.kernel import Facts, Player, Protection, UsageBook, decide
from compliance_svc.kernel.loading import load_library
from compliance_svc.replaying import Reach, drawn, due, judged
from tests.unit.compliance_svc.kernel.world import DAY, HOUR, NOON, deposit

LIBRARY = load_library(allow_sandbox=True)
PACKS = {pack.digest: pack for pack in LIBRARY.versions()}
REACHES = [Reach(shard=0, after=10, until=14), Reach(shard=1, after=7, until=7), Reach(shard=2, after=0, until=3)]
ALL = [(0, 11, 14), (0, 12, 14), (0, 13, 14), (0, 14, 14), (2, 1, 3), (2, 2, 3), (2, 3, 3)]


def stored(text: str = "", sequence: int = 1) -> StoredDecision:
    player = Player(born=1986_01_15, currency="GBP", protection=Protection())
    record = decide(LIBRARY.at("gb", NOON), Facts(player=player, usage=UsageBook()), deposit("20.00"), NOON).record()
    return StoredDecision(
        shard=0, sequence=sequence, licensee="l", player="p", kind=5, key="k", source="cashier", outcome=1,
        allowed=True, record=text or record, recorded_us=NOON,
    )  # fmt: skip


RECORD = json.loads(stored().record)


def changed(**members: object) -> str:
    return json.dumps({**RECORD, **members}, separators=(",", ":"), sort_keys=True)


def test_every_position_is_drawn_where_there_are_few() -> None:
    assert list(drawn(REACHES, 7, SystemRandom())) == ALL
    assert list(drawn(REACHES, 100, SystemRandom())) == ALL
    assert list(drawn([], 100, SystemRandom())) == []


def test_a_sample_has_so_many_positions_once_each_and_any_of_them() -> None:
    seen = set()
    for _ in range(200):
        sample = list(drawn(REACHES, 3, SystemRandom()))
        assert len(sample) == len(set(sample)) == 3
        assert sample == sorted(sample)
        seen |= set(sample)
    assert seen == set(ALL)


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (NOON, NOON + 15 * HOUR, False),  # two in the morning, UTC
        (NOON, NOON + 16 * HOUR, True),  # three
        (NOON + 16 * HOUR, NOON + 39 * HOUR, False),
        (NOON + 16 * HOUR, NOON + 40 * HOUR, True),
        (NOON, NOON + 5 * DAY, True),
        (NOON, NOON - DAY, False),  # a clock that went back
    ],
)
def test_a_sample_is_due_once_the_hour_has_come(last: int, now: int, expected: bool) -> None:
    assert due(last, now, 3) is expected


def test_a_decision_that_comes_out_the_same_is_counted_and_no_difference() -> None:
    found = judged(REACHES, [stored(), stored(sequence=2)], PACKS)
    assert (found.unequal, found.counts, found.other_kernel) == ([], {0: 2}, {})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (changed(verdict="DENY"), "other values of verdict"),
        (changed(reasons=[{"code": "KYC.AGE"}], verdict="DENY"), "other values of reasons, verdict"),
        (changed(pack_digest="0" * 64), "is not known by its digest"),
        (stored().record.replace(":", ": ", 1), "the same values in other bytes"),
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        (changed(facts={}), "cannot be read"),
        (changed(at_us="soon"), "cannot be read"),
    ],
)
def test_whatever_is_changed_in_a_record_is_found_and_named(text: str, problem: str) -> None:
    (found,) = judged(REACHES, [stored(text)], PACKS).unequal
    assert problem in found.problem
    assert (found.shard, found.sequence) == (0, 1)


def test_a_decision_of_another_kernel_is_counted_apart() -> None:
    found = judged(REACHES, [stored(changed(kernel="1")), stored(sequence=2)], PACKS)
    assert (found.unequal, found.counts, found.other_kernel) == ([], {0: 2}, {0: 1})
