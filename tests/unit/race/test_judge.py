"""The judge of a race: an honest log passes, and every way in which it can be wrong is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from compliance_svc.kernel import decide
from tests.race.judge import Logged, judge
from tests.race.plan import Plan, make
from tests.race.replaying import differing, sample
from tests.unit.compliance_svc.kernel.world import NOON, bet, facts, pack

Answers = list[dict[str, Any]]


def honest(plan: Plan) -> tuple[list[Logged], Answers]:
    """What a right product answers when the bets of each player come in the order of their keys, the exclusion third."""
    log: list[Logged] = []
    for seat in plan.seats:
        names = [("bet", f"b{number}") for number in range(seat.bets)]
        if seat.excluded:
            names.insert(2, ("exclude", "out"))
        accepted, excluded = 0, False
        for what, key in names:
            outcome = "OK"
            if what == "exclude":
                excluded = True
            elif excluded:
                outcome = "COMPLIANCE_DENIED"
            elif accepted == seat.room:
                outcome = "LIMIT_EXCEEDED"
            else:
                accepted += 1
            number = len(log) + 1
            log.append(Logged(player=seat.player, what=what, key=key, outcome=outcome, transaction=f"0-{number}", sequence=number))  # fmt: skip
    return log, [told(entry) for entry in log]


def told(entry: Logged) -> dict[str, Any]:
    first = {"outcome": entry.outcome, "transaction": entry.transaction, "replayed": False, "reasons": []}
    answers = [first, {**first, "replayed": True}]
    return {"player": entry.player, "what": entry.what, "key": entry.key, "answers": answers}


PLAN = make(3, players=12, processes=3, bets=6)


def test_a_plan_has_the_same_tasks_for_the_same_seed() -> None:
    assert make(3, players=12, processes=3, bets=6) == PLAN
    assert make(4, players=12, processes=3, bets=6) != PLAN
    assert sum(len(tasks) for tasks in PLAN.tasks) == 12 * 6 + sum(seat.excluded for seat in PLAN.seats)
    assert {seat.excluded for seat in PLAN.seats} == {True, False}
    assert {task["together"] for tasks in PLAN.tasks for task in tasks} == {True, False}


def test_an_honest_log_passes() -> None:
    log, answers = honest(PLAN)
    assert judge(PLAN, answers, log) == []


def flip(log: list[Logged], what: str, outcome: str, becomes: str) -> list[Logged]:
    at = next(number for number, one in enumerate(log) if (one.what, one.outcome) == (what, outcome))
    return [*log[:at], replace(log[at], outcome=becomes), *log[at + 1 :]]


@pytest.mark.parametrize(
    ("outcome", "becomes", "problem"),
    [
        ("LIMIT_EXCEEDED", "OK", "was answered OK with"),
        ("OK", "LIMIT_EXCEEDED", "was answered LIMIT_EXCEEDED with"),
        ("COMPLIANCE_DENIED", "OK", "was answered OK after the exclusion"),
        ("COMPLIANCE_DENIED", "LIMIT_EXCEEDED", "after the exclusion, not"),
        ("OK", "INSUFFICIENT_FUNDS", "was answered INSUFFICIENT_FUNDS"),
    ],
)
def test_a_wrong_decision_is_told(outcome: str, becomes: str, problem: str) -> None:
    log, _ = honest(PLAN)
    wrong = flip(log, "bet", outcome, becomes)
    assert any(problem in one for one in judge(PLAN, [told(entry) for entry in wrong], wrong))


def test_a_retry_with_another_answer_is_told() -> None:
    log, answers = honest(PLAN)
    answers[0]["answers"][1] = {**answers[0]["answers"][1], "transaction": "0-999"}
    assert any("in the log" in one for one in judge(PLAN, answers, log))


def test_two_first_answers_are_told() -> None:
    log, answers = honest(PLAN)
    answers[0]["answers"][1] = {**answers[0]["answers"][1], "replayed": False}
    assert any("decided twice" in one for one in judge(PLAN, answers, log))


def test_what_is_missing_or_too_much_in_the_log_is_told() -> None:
    log, answers = honest(PLAN)
    assert any("not in the log" in one for one in judge(PLAN, answers, log[1:]))
    assert any("never asked" in one for one in judge(PLAN, answers[1:], log))
    assert any("twice" in one for one in judge(PLAN, answers, [*log, replace(log[0], transaction="0-999")]))


def test_a_stored_decision_that_does_not_come_out_again_is_told() -> None:
    stored = decide(pack(), facts(), bet("9.00"), NOON).record()
    assert differing([stored]) == []
    assert len(differing([stored, stored.replace('"observed":9000000', '"observed":9000001')])) == 1


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    records = [str(number) for number in range(100)]
    assert sample(records, 10, 1) == sample(records, 10, 1) != sample(records, 10, 2)
    assert sample(records, 1_000, 1) == records
