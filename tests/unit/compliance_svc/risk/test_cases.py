"""What two people can do about a case, and in which order."""

from dataclasses import replace

import pytest

from compliance_svc.risk.cases import (
    Action,
    Case,
    EventKind,
    RefusedError,
    State,
    Step,
    approve,
    expire,
    opened,
    opening,
    propose,
    refuse,
)
from tests.unit.compliance_svc.risk.money import NOON, Ledger, hours, only

KEEP = hours(72)
ANN, BOB = "Ann Analyst", "Bob"


def fresh() -> Case:
    (finding,) = Ledger().deposit("2500").found(only("money_watch/deposit/24h"))
    case = opened(finding)
    return with_events(case, opening(case, NOON))


def with_events(case: Case, step: Step) -> Case:
    first = len(case.events) + 1
    events = tuple(replace(event, position=number) for number, event in enumerate(step.events, first))
    return replace(case, events=(*case.events, *events))


def proposed(action: Action = Action.DISMISS, case: Case | None = None) -> Case:
    case = case or fresh()
    return with_events(case, propose(case, action, ANN, "because", NOON))


def done(action: Action, case: Case | None = None) -> Case:
    case = proposed(action, case)
    assert case.proposal is not None
    return with_events(case, approve(case, case.proposal.position, BOB, NOON + 1, keep_us=KEEP))


def refusal(step: object) -> str:
    assert callable(step)
    with pytest.raises(RefusedError) as caught:
        step()
    return caught.value.refusal


def test_a_case_opens_with_its_flag_and_a_finding_always_opens_the_same() -> None:
    case = fresh()
    step = opening(case, NOON)
    assert (case.id, case.state) == ("3-1.gbp.money_watch.deposit.24h", State.OPEN)
    assert [(order.key, order.action, order.until_us) for order in step.orders] == [
        (f"risk/{case.id}", None, case.flag_until_us)
    ]
    assert fresh() == case


def test_a_flag_that_is_over_when_the_entry_is_read_is_not_raised() -> None:
    case = fresh()
    assert opening(case, case.flag_until_us - 1).orders
    assert not opening(case, case.flag_until_us).orders


@pytest.mark.parametrize("name", [ANN, "ann analyst", " ANN  Analyst "])
def test_whoever_proposed_cannot_approve_under_any_spelling(name: str) -> None:
    case = proposed()
    assert refusal(lambda: approve(case, 2, name, NOON, keep_us=KEEP)) == "CASE_SAME_PERSON"


def test_a_second_person_approves_and_the_case_is_closed() -> None:
    case = done(Action.DISMISS)
    assert (case.state, case.closed_by, case.proposal) == (State.CLOSED, Action.DISMISS, None)
    step = approve(proposed(), 2, BOB, NOON, keep_us=KEEP)
    assert [(order.key, order.action) for order in step.orders] == [(f"risk/{case.id}/2", Action.DISMISS)]


def test_a_report_closes_and_orders_nothing() -> None:
    assert not approve(proposed(Action.REPORT), 2, BOB, NOON, keep_us=KEEP).orders
    assert done(Action.REPORT).closed_by is Action.REPORT


def test_every_step_may_be_repeated() -> None:
    case = proposed()
    assert propose(case, Action.DISMISS, ANN, "because", NOON + 5) == Step()
    approved = done(Action.DISMISS)
    assert approve(approved, 2, BOB, NOON + 9, keep_us=KEEP) == Step()
    refused = with_events(case, refuse(case, 2, BOB, "no", NOON))
    assert refuse(refused, 2, BOB, "no", NOON) == Step()
    assert refused.state is State.OPEN


def test_one_proposal_at_a_time_and_only_the_one_that_was_read() -> None:
    case = proposed()
    assert refusal(lambda: propose(case, Action.FREEZE, BOB, "other", NOON)) == "CASE_PROPOSED"
    assert refusal(lambda: approve(case, 1, BOB, NOON, keep_us=KEEP)) == "CASE_OTHER_PROPOSAL"
    assert refusal(lambda: refuse(fresh(), 2, BOB, "no", NOON)) == "CASE_OTHER_PROPOSAL"


def test_a_proposal_expires_half_open() -> None:
    case = proposed()
    assert approve(case, 2, BOB, NOON + KEEP - 1, keep_us=KEEP).events[0].kind is EventKind.APPROVED
    late = approve(case, 2, BOB, NOON + KEEP, keep_us=KEEP)
    assert late.refusal is not None
    assert late.refusal.refusal == "CASE_PROPOSAL_EXPIRED"
    assert [event.kind for event in late.events] == [EventKind.EXPIRED]
    assert not late.orders
    assert not expire(case, NOON + KEEP - 1, KEEP).events
    assert with_events(case, expire(case, NOON + KEEP, KEEP)).state is State.OPEN


def test_a_freeze_is_ended_before_a_case_is_dismissed_and_also_after_it_was_reported() -> None:
    frozen = done(Action.FREEZE)
    assert (frozen.frozen, frozen.state) == (True, State.OPEN)
    assert refusal(lambda: propose(frozen, Action.DISMISS, ANN, "x", NOON)) == "CASE_FROZEN"
    assert refusal(lambda: propose(frozen, Action.FREEZE, ANN, "x", NOON)) == "CASE_FROZEN"
    assert refusal(lambda: propose(fresh(), Action.UNFREEZE, ANN, "x", NOON)) == "CASE_NOT_FROZEN"
    reported = done(Action.REPORT, frozen)
    assert refusal(lambda: propose(reported, Action.ASK_DILIGENCE, ANN, "x", NOON)) == "CASE_CLOSED"
    ended = done(Action.UNFREEZE, reported)
    assert (ended.frozen, ended.state, ended.closed_by) == (False, State.CLOSED, Action.REPORT)


def test_an_account_that_another_case_holds_stays_frozen() -> None:
    case = proposed(Action.UNFREEZE, done(Action.FREEZE))
    assert case.proposal is not None
    number = case.proposal.position
    assert approve(case, number, BOB, NOON, keep_us=KEEP).orders
    assert not approve(case, number, BOB, NOON, keep_us=KEEP, frozen_elsewhere=True).orders
