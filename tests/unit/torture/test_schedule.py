from __future__ import annotations

from collections import Counter

import pytest

from tests.torture.schedule import WEIGHTS, plan

KILLS = ("kill_wallet", "kill_backend", "kill_postgres", "failpoint", "kill_in_commit")


def test_a_seed_gives_the_same_faults_and_another_seed_gives_others() -> None:
    assert plan(7, 120) == plan(7, 120)
    assert plan(7, 120) != plan(8, 120)


def test_a_longer_run_begins_as_a_shorter_one() -> None:
    short, long = plan(7, 30), plan(7, 120)
    assert long[: len(short)] == short


@pytest.mark.parametrize("seed", range(20))
def test_two_minutes_have_every_kind_of_process_killed_and_a_quarter_of_the_time_quiet(seed: int) -> None:
    events = plan(seed, 120)
    counted = Counter(event.fault for event in events)
    assert sum(counted[fault] for fault in KILLS) >= 50
    assert all(counted[fault] for fault in ("kill_wallet", "kill_backend", "kill_postgres", "cut_commit"))
    assert not [event for event in events if event.at_s % 12 > 9]


def test_only_the_faults_that_are_asked_for_come() -> None:
    assert {event.fault for event in plan(1, 60, ["cut_call", "kill_wallet"])} == {"cut_call", "kill_wallet"}
    assert plan(1, 60, []) == []
    assert len(WEIGHTS) == len({event.fault for seed in range(9) for event in plan(seed, 120)})
