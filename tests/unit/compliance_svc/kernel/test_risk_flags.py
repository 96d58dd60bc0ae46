"""A flag of risk monitoring: raised, lowered, over; and what it does to whom."""

import json

import pytest

from compliance_svc.kernel import Code, Player, Protection, RecordRisk, Verdict, apply, decide, replay
from compliance_svc.kernel.actions import ActionKind, Credit
from compliance_svc.kernel.explaining import for_player, for_staff
from tests.unit.compliance_svc.kernel.world import DAY, NOON, bet, deposit, facts, pack, pounds

FLAG = "3-1.gbp.structuring_watch"
UNTIL = NOON + 30 * DAY


def flagged(
    until_us: int = UNTIL, state: Protection | None = None, name: str = FLAG, *, asks: bool = False
) -> Protection:
    state = state or Protection()
    action = RecordRisk(flag=name, until_us=until_us, diligence=asks)
    known = facts(protection=state)
    decision = decide(pack(), known, action, NOON)
    assert decision.verdict is Verdict.ALLOW
    return apply(state, decision) if decision.protection is not None else state


def verdict(state: Protection, amount: str, now_us: int = NOON) -> tuple[str, ...]:
    return decide(pack(), facts(protection=state), deposit(amount), now_us).reasons


@pytest.mark.parametrize(
    ("amount", "now_us", "codes"),
    [
        ("10000.00", NOON, ()),
        ("10000.01", NOON, (Code.AML_REVIEW,)),
        ("10000.01", UNTIL - 1, (Code.AML_REVIEW,)),
        ("10000.01", UNTIL, ()),
    ],
)
def test_while_a_flag_holds_large_deposits_wait(amount: str, now_us: int, codes: tuple[str, ...]) -> None:
    assert verdict(flagged(), amount, now_us) == codes


def test_each_case_has_a_flag_of_its_own_and_lowers_only_that() -> None:
    both = flagged(UNTIL + 1, flagged(), "3-9.gbp.dormant_watch")
    one = flagged(0, both)
    assert [name for name, _ in one.person.flags] == ["3-9.gbp.dormant_watch"]
    none = flagged(NOON, one, "3-9.gbp.dormant_watch")
    assert none == Protection()
    assert Protection.from_json(both.to_json()) == both


def test_flags_that_are_over_are_forgotten_with_the_next_one() -> None:
    old = Protection().about(flags=(("a", NOON), ("b", NOON + 1)))
    assert [name for name, _ in flagged(state=old).person.flags] == [FLAG, "b"]


def test_a_flag_stops_no_bet_and_no_credit() -> None:
    state = flagged()
    known = facts(protection=state)
    assert decide(pack(), known, bet(), NOON).verdict is Verdict.ALLOW
    for kind in (ActionKind.WIN, ActionKind.CANCEL, ActionKind.REFUND, ActionKind.RELEASE, ActionKind.WITHDRAW):
        credit = Credit(kind=kind, amount_minor=pounds("99999"), currency="GBP", exponent=6)
        assert decide(pack(), known, credit, NOON).verdict is Verdict.ALLOW


def test_due_diligence_that_two_people_ask_for_outlives_the_flag() -> None:
    state = flagged(asks=True)
    assert verdict(state, "1.00", UNTIL + DAY) == (Code.AML_CDD_DUE,)


def test_the_player_is_told_nothing() -> None:
    (line,) = for_player((Code.AML_REVIEW,), "en")
    assert line.code == ""
    assert "review" not in line.text.lower()
    assert "flag" not in line.text
    assert "flagged" in for_staff((Code.AML_REVIEW,))[0].text


def test_the_decision_about_a_flag_and_those_under_it_replay() -> None:
    law = pack()
    for action in (RecordRisk(flag=FLAG, until_us=UNTIL, diligence=True, evidence="risk x"), deposit("20000")):
        known = facts(player=Player(born=1986_01_15, currency="GBP", protection=flagged()))
        decision = decide(law, known, action, NOON)
        recorded = json.dumps(json.loads(decision.record())["facts"])
        assert replay(law, recorded, NOON).record() == decision.record()
