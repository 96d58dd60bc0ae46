"""The measurement works: all three troubles happen, and everything that the report promises is in it."""

from __future__ import annotations

import pytest

from tests.isolation.__main__ import FLOOD, Plan, measure, summary


@pytest.mark.timeout(600)
def test_a_short_run_has_all_three_troubles_and_the_whole_report() -> None:
    plan = Plan(others=("hub88_style", "pragmatic_style"), turns=1, seconds=2, share=2)
    report = summary(plan, measure(plan))
    faults = report["faults"]
    assert faults["hanging"]["launches"]["trouble"]["opened"] == 0
    assert faults["garbage"]["launches"]["trouble"]["opened"] == 0
    assert faults["flooding"]["refused"] > 0
    assert faults["flooding"]["times_its_share"] == FLOOD
    assert tuple(report["providers"]) == plan.others
    assert report["calm"]["callbacks"] > 0
    assert report["trouble"]["callbacks"] > 0
    assert report["p99_ratio"] > 0
