"""What a provider's record and the ledger say about one message, and what that makes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from session_svc.domain.grants import Grant, GrantOrder, GrantState
from session_svc.domain.reconciling import (
    NOTHING,
    Belief,
    CaseClass,
    Key,
    Kind,
    Line,
    Own,
    Span,
    State,
    endless,
    judge,
    judge_grant,
    lonely_wins,
    own_grant,
    scopes,
    stuck,
    uploaded,
)

NOON = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
ONE = Decimal("1.00")


def line(kind: Kind = Kind.BET, key: str = "k", belief: Belief = Belief.ACCEPTED, **more: Any) -> Line:
    name = Key(licensee=more.pop("licensee", "aurora"), player_id=more.pop("player", "ada"), kind=kind,
               transaction_key=key)  # fmt: skip
    fields = {"currency": "EUR", "amount": ONE, "round_id": "r", "sent_at": NOON, **more}
    return Line(key=name, belief=belief, **fields)


APPLIED = Own(state=State.APPLIED, amount=ONE)
ORPHAN = Own(state=State.REFUSED, outcome="OUTCOME_ORIGINAL_NOT_FOUND", is_orphan=True)


@pytest.mark.parametrize(
    ("there", "here", "expected"),
    [
        (line(), APPLIED, None),
        (line(), NOTHING, CaseClass.MISSING_HERE),
        (None, APPLIED, CaseClass.MISSING_THERE),
        (None, Own(state=State.ROLLED_BACK), None),
        (line(), replace(APPLIED, amount=Decimal("1.01")), CaseClass.AMOUNT_DIFFERS),
        (line(), replace(APPLIED, amount=Decimal("1.000000")), None),
        (line(), Own(state=State.REFUSED), CaseClass.STATE_DIFFERS),
        (line(), Own(state=State.ROLLED_BACK, amount=ONE), CaseClass.STATE_DIFFERS),
        (line(), Own(state=State.TOMBSTONED), CaseClass.STATE_DIFFERS),
        (line(belief=Belief.REFUSED), APPLIED, CaseClass.STATE_DIFFERS),
        (line(belief=Belief.REFUSED), Own(state=State.REFUSED), None),
        (line(belief=Belief.CANCELLED), APPLIED, CaseClass.STATE_DIFFERS),
        (line(belief=Belief.CANCELLED), Own(state=State.ROLLED_BACK), None),
        (line(belief=Belief.CANCELLED), NOTHING, None),
        (line(belief=Belief.PENDING), NOTHING, None),
        (line(Kind.WIN), ORPHAN, CaseClass.ORPHAN_WIN),
        (line(Kind.WIN), replace(APPLIED, is_orphan=True), CaseClass.ORPHAN_WIN),
        (line(Kind.CANCEL, amount=None), APPLIED, None),
        (line(Kind.CANCEL), Own(state=State.TOMBSTONED), None),
        (line(Kind.CANCEL), NOTHING, CaseClass.MISSING_HERE),
    ],
)
def test_each_pair_of_sides_has_one_class(there: Line | None, here: Own, expected: CaseClass | None) -> None:
    assert judge(there, here) is expected


def grant(state: GrantState, *, rounds: int = 5, over: bool = False) -> Own:
    """Five rounds of 0.20 as we have them."""
    order = GrantOrder(licensee="aurora", client_key="c", player_id="ada", provider="p", game_ids=("g",), rounds=rounds,
                       bet=Decimal("0.20"), currency="EUR", expires_at=NOON + dt.timedelta(hours=-1 if over else 1))  # fmt: skip
    return own_grant(Grant(grant_id="k", order=order, state=state, created_at=NOON), NOON)


GIVEN = line(Kind.GRANT)
TAKEN_BACK = line(Kind.GRANT, belief=Belief.CANCELLED)


@pytest.mark.parametrize(
    ("there", "here", "expected"),
    [
        (GIVEN, grant(GrantState.ACTIVE), None),
        (GIVEN, grant(GrantState.ACTIVE, over=True), None),
        (GIVEN, grant(GrantState.ACTIVE, rounds=6), CaseClass.AMOUNT_DIFFERS),
        (replace(GIVEN, currency="USD"), grant(GrantState.ACTIVE), CaseClass.AMOUNT_DIFFERS),
        (GIVEN, own_grant(None, NOON), CaseClass.MISSING_HERE),
        (GIVEN, grant(GrantState.ASKED), CaseClass.MISSING_HERE),
        (GIVEN, grant(GrantState.REFUSED), CaseClass.STATE_DIFFERS),
        (GIVEN, grant(GrantState.CANCELLED), CaseClass.STATE_DIFFERS),
        (TAKEN_BACK, grant(GrantState.CANCELLED), None),
        (TAKEN_BACK, grant(GrantState.ACTIVE), CaseClass.STATE_DIFFERS),
        (TAKEN_BACK, grant(GrantState.ACTIVE, over=True), None),
        (TAKEN_BACK, own_grant(None, NOON), None),
        (None, grant(GrantState.ACTIVE), CaseClass.MISSING_THERE),
        (None, grant(GrantState.ACTIVE, over=True), None),
        (None, grant(GrantState.CANCELLED), None),
    ],
)
def test_free_rounds_on_both_sides_have_one_class(there: Line | None, here: Own, expected: CaseClass | None) -> None:
    assert judge_grant(there, here) is expected


def test_free_rounds_are_not_compared_with_the_ledger() -> None:
    assert uploaded([GIVEN], "aurora", "EUR") == []


def test_compared_are_messages_that_were_taken_in_the_order_of_files() -> None:
    lines = [
        line(Kind.WIN, "a"),
        line(Kind.BET, "b"),
        line(Kind.BET, "B"),
        line(Kind.BET, "c", Belief.REFUSED),
        line(Kind.CLOSE, "d"),
        line(Kind.BET, "e", licensee="borealis"),
        line(Kind.BET, "f", currency="GBP"),
    ]
    assert [one.key.transaction_key for one in uploaded(lines, "aurora", "EUR")] == ["B", "b", "a"]


def test_every_licensee_and_currency_is_compared_also_those_that_the_provider_does_not_name() -> None:
    assert scopes([line()], [("borealis", "SEK")]) == [("aurora", "EUR"), ("borealis", "SEK")]


def test_a_win_is_lonely_without_a_bet_that_was_taken_in_the_same_round_of_the_same_player() -> None:
    win = line(Kind.WIN, "w")
    assert lonely_wins([win], [win, line()]) == []
    for other in (line(belief=Belief.REFUSED), line(round_id="other"), line(player="tom"), line(licensee="borealis")):
        assert lonely_wins([win], [win, other]) == [win]


@pytest.mark.parametrize("end", [line(Kind.WIN, "w"), line(Kind.CLOSE, "c")])
def test_a_round_without_an_end_is_told_by_its_last_bet(end: Line) -> None:
    first, last = line(key="b1"), line(key="b2")
    assert endless([first, last], [first, last]) == [last]
    assert endless([first, last], [first, last, end]) == []
    assert endless([line(belief=Belief.CANCELLED)], []) == []


def test_a_message_without_an_answer_is_in_the_air() -> None:
    waiting = line(Kind.WIN, "w", Belief.PENDING)
    assert endless([waiting], [waiting]) == [waiting]
    assert stuck(waiting, NOTHING) is CaseClass.STUCK_ROUND


def test_a_round_that_the_ledger_has_closed_is_not_stuck() -> None:
    assert stuck(line(), replace(APPLIED, round_state="open")) is CaseClass.STUCK_ROUND
    assert stuck(line(), replace(APPLIED, round_state="closed")) is None


def test_a_day_is_cut_into_slices_without_gap_or_overlap() -> None:
    day = Span(start=NOON, end=NOON + dt.timedelta(hours=2, minutes=30))
    parts = list(day.slices(dt.timedelta(hours=1)))
    assert [part.start for part in parts] == [NOON + dt.timedelta(hours=hours) for hours in range(3)]
    assert (parts[0].end, parts[-1].end) == (parts[1].start, day.end)
    assert NOON in day
    assert day.end not in day
