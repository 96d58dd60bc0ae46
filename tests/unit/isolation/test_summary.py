"""What the others notice decides, and nothing that the three troubled ones see."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.isolation.__main__ import Found, Plan, order_of, summary
from tests.isolation.load import Answers

PLAN = Plan(hanging="h", babbling="g", flooding="f")


def found(*, calm_ms: float = 10.0, trouble_ms: float = 10.0, errors: int = 0) -> Found:
    made = Found()
    for name in ("a", "b"):
        made.calm[name] = Answers([calm_ms] * 1000, 1000)
        made.trouble[name] = Answers([trouble_ms] * 1000, 1000, Counter({503: errors}))
    for name in ("h", "g", "f"):
        made.calm[name] = Answers([1.0] * 10, 10)
        made.trouble[name] = Answers([9000.0] * 10, 100, Counter({429: 90}))
    return made


@pytest.mark.parametrize(
    ("trouble_ms", "errors", "ok"), [(10.0, 0, True), (20.0, 1, True), (20.1, 0, False), (10.0, 2, False)]
)
def test_the_others_may_wait_twice_as_long_and_one_in_a_thousand_may_fail(
    trouble_ms: float, errors: int, ok: bool
) -> None:
    report = summary(PLAN, found(trouble_ms=trouble_ms, errors=errors))
    assert report["ok"] is ok
    assert report["p99_ratio"] == pytest.approx(trouble_ms / 10)
    assert set(report["providers"]) == {"a", "b"}


def test_the_flood_is_told_with_what_the_gateway_refused() -> None:
    flooding = summary(PLAN, found())["faults"]["flooding"]
    assert (flooding["sent"], flooding["refused"]) == (100, 90)


def test_what_was_wrong_is_told_by_status() -> None:
    report = summary(PLAN, found(errors=2))
    assert report["trouble"]["errors_by_status"] == {"503": 4}
    assert report["calm"]["errors_by_status"] == {}
    assert (report["error_rate"], report["calm_error_rate"]) == (0.002, 0.0)


def test_each_phase_comes_first_as_often_as_the_other() -> None:
    firsts = [order_of(turn)[0] for turn in range(8)]
    assert firsts.count(True) == firsts.count(False)
    assert all(set(order_of(turn)) == {True, False} for turn in range(8))
