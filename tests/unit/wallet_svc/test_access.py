"""Logins, changes of sessions, and what is found out about players: decided by the kernel, kept in the log."""

import json

import pytest

from tests.unit.wallet_svc.world import CASHIER, PLATFORM, PROVIDER, Table, bet, money, outcome, table, verdict, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.vocabulary import Outcome, PlayState

HOUR = 3_600
DAY = 24 * HOUR


def ask(made: Table, key: str, action: c.Action) -> Decided:
    return made.do(key, action, source=PLATFORM)


def british(**play: object) -> Table:
    made = table("500.00", pack="gb", currency="GBP")
    opened = c.OpenPlay(session="p", provider=PROVIDER, currency="GBP", game="g1", **play)  # type: ignore[arg-type]
    assert outcome(ask(made, "p", opened)) is Outcome.OK
    return made


def stake(made: Table, key: str, amount: str = "1.00") -> Decided:
    return made.do(key, bet(amount, key, currency="GBP", session="p"))


def found(about: str, result: str, **more: object) -> c.RecordFinding:
    return c.RecordFinding(about=about, result=result, **more)  # type: ignore[arg-type]


def deposit(made: Table, key: str, amount: str, **answers: object) -> Decided:
    given = c.Answers(**answers) if answers else c.NOT_ASKED  # type: ignore[arg-type]
    return made.do(key, c.Deposit(money=money(amount, "GBP"), answers=given), source=CASHIER)


def duties(told: Decided) -> list[str]:
    return list(json.loads(told.entry.decision_json or "{}").get("obligations", []))


@pytest.mark.parametrize(
    ("answer", "reasons"),
    [("CLEAR", ()), ("MATCH", ("SEX.REGISTER",)), ("FUZZY", ("SEX.REVIEW",)), ("SILENT", ("SEX.UNAVAILABLE",))],
)
def test_a_login_is_what_the_register_says(answer: str, reasons: tuple[str, ...]) -> None:
    told = ask(british(), "in", c.Enter(purpose="login", answers=c.Answers(exclusion_register=answer)))
    assert verdict(told)[1] == reasons
    assert (outcome(told) is Outcome.OK) is not bool(reasons)


def test_a_session_that_is_renewed_stakes_longer() -> None:
    made = british(expires_us=1_790_000_000_000_000 + 60_000_000)
    until = c.ChangePlay(session="p", what="renew", until_us=1_790_000_000_000_000 + 600_000_000)
    assert outcome(ask(made, "more", until)) is Outcome.OK
    made.later(120)
    assert outcome(stake(made, "b1")) is Outcome.OK
    made.later(600)
    assert outcome(stake(made, "b2")) is Outcome.SESSION_EXPIRED


def test_a_session_is_not_renewed_while_the_register_is_silent() -> None:
    made = british()
    silent = c.Answers(exclusion_register="SILENT")
    told = ask(made, "more", c.ChangePlay(session="p", what="renew", until_us=None, answers=silent))
    assert verdict(told)[1] == ("SEX.UNAVAILABLE",)


def test_a_due_reality_check_stops_bets_until_it_is_seen() -> None:
    made = british(check_every_s=1_800)
    made.later(1_790)
    assert outcome(stake(made, "b1")) is Outcome.OK
    made.later(10)
    assert verdict(stake(made, "b2"))[1] == ("SES.RC_DUE",)
    assert outcome(made.do("w1", win("5.00", "b1", currency="GBP"))) is Outcome.OK
    assert outcome(ask(made, "seen", c.ChangePlay(session="p", what="seen"))) is Outcome.OK
    assert outcome(stake(made, "b3")) is Outcome.OK


def test_a_session_ends_with_the_first_bet_that_does_not_fit_its_spend() -> None:
    made = british(spend_limit=money("50.00", "GBP"))
    assert outcome(stake(made, "b1", "30.00")) is Outcome.OK
    assert outcome(stake(made, "b2", "20.00")) is Outcome.OK
    made.later(10)
    assert verdict(stake(made, "b3", "0.01"))[1] == ("SES.SPEND_LIMIT",)
    assert made.player().plays["p"].state is PlayState.CLOSED
    assert outcome(stake(made, "b4", "0.01")) is Outcome.SESSION_EXPIRED


def test_a_cancelled_stake_gives_the_spend_back() -> None:
    made = british(spend_limit=money("50.00", "GBP"))
    stake(made, "b1", "50.00")
    made.do("c1", c.Cancel(bet_key="b1"))
    made.later(10)
    assert outcome(stake(made, "b2", "50.00")) is Outcome.OK


def test_a_lost_identity_ends_the_session_and_stops_deposits() -> None:
    made = british()
    assert outcome(ask(made, "kyc", found("identity", "REJECTED"))) is Outcome.OK
    assert verdict(stake(made, "b1"))[1] == ("KYC.UNVERIFIED", "SES.ENDED")
    assert verdict(deposit(made, "d1", "1.00"))[1] == ("KYC.UNVERIFIED",)


def test_an_older_finding_changes_nothing() -> None:
    made = british()
    ask(made, "k1", found("identity", "VERIFIED", moment_us=20))
    ask(made, "k2", found("identity", "PENDING", moment_us=10))
    assert outcome(stake(made, "b1")) is Outcome.OK


def test_a_confirmed_hit_holds_everything_that_would_leave() -> None:
    made = british()
    ask(made, "hit", found("screening", "HIT"))
    held = made.do("h1", c.Hold(money=money("10.00", "GBP")), source=CASHIER)
    assert (outcome(held), verdict(held)[1]) == (Outcome.COMPLIANCE_DENIED, ("AML.FROZEN",))
    ask(made, "clear", found("screening", "CLEAR"))
    assert outcome(made.do("h2", c.Hold(money=money("10.00", "GBP")), source=CASHIER)) is Outcome.OK


def test_net_deposits_above_the_threshold_bring_a_duty_until_it_is_done() -> None:
    made = table("0", pack="gb", currency="GBP")
    assert duties(deposit(made, "d1", "150.00")) == []
    assert duties(deposit(made, "d2", "0.01")) == ["RUN_FVC"]
    assert duties(deposit(made, "d2", "0.01")) == ["RUN_FVC"]
    ask(made, "done", found("check", "FVC"))
    assert duties(deposit(made, "d3", "5.00")) == []


def test_a_requested_withdrawal_lowers_net_deposits_and_cannot_be_taken_back() -> None:
    made = table("0", pack="gb", currency="GBP")
    ask(made, "l", c.SetLimit(limit="netdep", window="1mo", money=money("100.00", "GBP")))
    assert outcome(deposit(made, "d1", "100.00")) is Outcome.OK
    assert verdict(deposit(made, "d2", "0.01"))[1] == ("LIM.NETDEP",)
    assert outcome(made.do("h1", c.Hold(money=money("80.00", "GBP")), source=CASHIER)) is Outcome.OK
    back = made.do("r1", c.Release(hold_key="h1", by_player=True), source=CASHIER)
    assert (outcome(back), verdict(back)[1]) == (Outcome.COMPLIANCE_DENIED, ("PAY.NO_REVERSAL",))
    assert outcome(deposit(made, "d3", "80.00")) is Outcome.OK
    assert outcome(made.do("r2", c.Release(hold_key="h1"), source=CASHIER)) is Outcome.OK
    assert verdict(deposit(made, "d4", "0.01"))[1] == ("LIM.NETDEP",)


def test_a_deposit_that_crosses_the_dutch_threshold_stands_and_the_next_one_waits_for_the_month() -> None:
    made = table("0", pack="nl", currency="EUR")
    pay = c.Deposit(money=money("800.00"))
    assert outcome(made.do("d1", pay, source=CASHIER)) is Outcome.OK
    refused = made.do("d2", c.Deposit(money=money("1.00")), source=CASHIER)
    assert verdict(refused)[1] == ("LIM.NETDEP.LATCHED",)
    made.later(32 * DAY)
    assert outcome(made.do("d3", c.Deposit(money=money("1.00")), source=CASHIER)) is Outcome.OK


def test_a_limit_file_that_leaves_less_refuses_the_whole_deposit() -> None:
    made = table("0", pack="es", currency="EUR")
    answers = c.Answers(exclusion_register="CLEAR", limit_file="CLEAR", limit_left=money("120.00"))
    refused = made.do("d1", c.Deposit(money=money("150.00"), answers=answers), source=CASHIER)
    assert verdict(refused)[1] == ("LIM.EXTERNAL",)
    assert outcome(made.do("d2", c.Deposit(money=money("120.00"), answers=answers), source=CASHIER)) is Outcome.OK


def test_what_is_known_twice_is_done_once() -> None:
    made = british()
    for key, action in (
        ("in", c.Enter(purpose="login")),
        ("seen", c.ChangePlay(session="p", what="seen")),
        ("kyc", found("identity", "VERIFIED")),
    ):
        first = ask(made, key, action)
        again = ask(made, key, action)
        assert (again.entry, again.replayed, again.new) == (first.entry, True, ())


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (c.ChangePlay(session="nobody", what="seen"), "SESSION_INVALID"),
        (c.ChangePlay(session="p", what="spend", money=money("1.00", "EUR")), "AMOUNT_INVALID"),
        (c.ChangePlay(session="p", what="spend", money=money("-1.00", "GBP")), "AMOUNT_INVALID"),
        (found("screening", "FREEZE", money=money("1.00", "EUR")), "AMOUNT_INVALID"),
    ],
)
def test_what_makes_no_sense_is_refused(action: c.Action, expected: str) -> None:
    assert outcome(ask(british(), "x", action)).name == expected
