"""Limits, exclusions and breaks: in the same log as the money, decided by the kernel."""

import pytest

from tests.unit.wallet_svc.world import CASHIER, PLATFORM, PROVIDER, Table, bet, money, outcome, table, verdict, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.vocabulary import Outcome

DAY = 24 * 3600


def ask(made: Table, key: str, action: c.Action) -> Decided:
    return made.do(key, action, source=PLATFORM)


def limit(amount: str, kind: str = "deposit", window: str = "24h", currency: str = "GBP") -> c.SetLimit:
    return c.SetLimit(limit=kind, window=window, money=money(amount, currency))


def british() -> Table:
    return table("50.00", pack="gb", currency="GBP")


def reopen(made: Table) -> None:
    opened = c.OpenPlay(session="new", provider=PROVIDER, currency="GBP")
    assert outcome(ask(made, "new", opened)) is Outcome.OK


def deposit(made: Table, key: str, amount: str) -> Outcome:
    return outcome(made.do(key, c.Deposit(money=money(amount, "GBP")), source=CASHIER))


def test_a_first_limit_holds_at_once() -> None:
    made = british()
    answer = ask(made, "l1", limit("60.00"))
    assert (outcome(answer), verdict(answer)[0]) == (Outcome.OK, "ALLOW")
    assert deposit(made, "d1", "10.01") is Outcome.LIMIT_EXCEEDED


def test_a_decrease_holds_at_once() -> None:
    made = british()
    ask(made, "l1", limit("100.00"))
    ask(made, "l2", limit("55.00"))
    assert deposit(made, "d1", "5.01") is Outcome.LIMIT_EXCEEDED


def test_an_increase_waits_and_is_confirmed() -> None:
    made = british()
    ask(made, "l1", limit("60.00"))
    assert verdict(ask(made, "l2", limit("90.00")))[0] == "SCHEDULE"
    confirm = c.ConfirmLimit(limit="deposit", window="24h")
    assert outcome(ask(made, "k1", confirm)) is Outcome.COMPLIANCE_DENIED
    made.later(DAY)
    waiting = made.do("d1", c.Deposit(money=money("60.01", "GBP")), source=CASHIER)
    assert (outcome(waiting), verdict(waiting)[1]) == (Outcome.COMPLIANCE_DENIED, ("LIM.INCREASE.CONFIRM",))
    assert outcome(ask(made, "k2", confirm)) is Outcome.OK
    assert deposit(made, "d2", "90.00") is Outcome.OK


def test_a_pending_increase_can_be_withdrawn() -> None:
    made = british()
    ask(made, "l1", limit("60.00"))
    ask(made, "l2", limit("90.00"))
    assert outcome(ask(made, "w1", c.CancelPendingLimit(limit="deposit", window="24h"))) is Outcome.OK
    made.later(DAY)
    assert outcome(ask(made, "k1", c.ConfirmLimit(limit="deposit", window="24h"))) is Outcome.COMPLIANCE_DENIED


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (limit("-1.00"), "AMOUNT_INVALID"),
        (limit("1.0000001"), "AMOUNT_INVALID"),
        (limit("1.00", currency="EUR"), "CURRENCY_MISMATCH"),
        (limit("1.00", window="since_set"), "REQUEST_INVALID"),
        (limit("1.00", kind="stake"), "REQUEST_INVALID"),
        (c.ConfirmLimit(limit="deposit", window="99y"), "REQUEST_INVALID"),
        (c.Exclude(term="soon"), "REQUEST_INVALID"),
        (c.TakeBreak(term="x"), "REQUEST_INVALID"),
        (c.Exclude(term="2d"), "COMPLIANCE_DENIED"),
        (c.TakeBreak(term="3d"), "COMPLIANCE_DENIED"),
    ],
)
def test_what_makes_no_sense_is_refused(action: c.Action, expected: str) -> None:
    made = british()
    assert outcome(ask(made, "x", action)).name == expected
    assert made.player().protection.limits == ()


def test_an_excluded_player_stakes_nothing_and_is_still_paid() -> None:
    made = british()
    made.do("b1", bet("1.00", game="slot", currency="GBP"))
    assert outcome(ask(made, "out", c.Exclude(term="6mo"))) is Outcome.OK
    made.later(10)
    refused = made.do("b2", bet("1.00", "r2", game="slot", currency="GBP"))
    assert (outcome(refused), verdict(refused)[1]) == (Outcome.COMPLIANCE_DENIED, ("SEX.SELF", "SES.ENDED"))
    assert outcome(made.do("w1", win("5.00", currency="GBP"))) is Outcome.OK
    assert deposit(made, "d1", "1.00") is Outcome.COMPLIANCE_DENIED


def test_a_return_is_asked_for_after_the_term() -> None:
    made = british()
    ask(made, "out", c.Exclude(term="6mo"))
    early = ask(made, "back", c.RequestReinstatement())
    assert (outcome(early), verdict(early)[1]) == (Outcome.COMPLIANCE_DENIED, ("SEX.MIN_TERM",))
    made.later(184 * DAY)
    assert outcome(made.do("b1", bet("1.00", currency="GBP"))) is Outcome.COMPLIANCE_DENIED
    assert outcome(ask(made, "back2", c.RequestReinstatement())) is Outcome.OK
    made.later(DAY)
    ended = made.do("b2", bet("1.00", "r2", currency="GBP"))
    assert (outcome(ended), verdict(ended)[1]) == (Outcome.COMPLIANCE_DENIED, ("SES.ENDED",))
    reopen(made)
    assert outcome(made.do("b3", bet("1.00", "r3", currency="GBP", session="new"))) is Outcome.OK


def test_a_break_ends_by_itself() -> None:
    made = british()
    ask(made, "pause", c.TakeBreak(term="24h"))
    assert outcome(made.do("b1", bet("1.00", currency="GBP"))) is Outcome.COMPLIANCE_DENIED
    made.later(DAY)
    ended = made.do("b2", bet("1.00", "r2", currency="GBP"))
    assert (outcome(ended), verdict(ended)[1]) == (Outcome.COMPLIANCE_DENIED, ("SES.ENDED",))
    reopen(made)
    assert outcome(made.do("b3", bet("1.00", "r3", currency="GBP", session="new"))) is Outcome.OK


def test_a_protective_action_is_done_once() -> None:
    made = british()
    for key, action in (
        ("l", limit("60.00")),
        ("k", c.ConfirmLimit(limit="deposit", window="24h")),
        ("w", c.CancelPendingLimit(limit="deposit", window="24h")),
        ("out", c.Exclude(term="6mo")),
        ("pause", c.TakeBreak(term="24h")),
        ("back", c.RequestReinstatement()),
    ):
        first, again = ask(made, key, action), ask(made, key, action)
        assert (again.replayed, again.entry) == (True, first.entry)


def test_a_decision_is_kept_with_its_entry() -> None:
    entry = ask(british(), "l1", limit("60.00")).entry
    assert entry.pack == "gb@1"
    assert entry.decision_json is not None
    assert '"verdict":"ALLOW"' in entry.decision_json
    assert entry.details is not None
    assert '"limits"' in entry.details["protection"]


def test_a_limit_in_another_currency_than_the_players_own_is_refused() -> None:
    made = british()
    made.do("eur", c.OpenAccount(currency="EUR"), source=CASHIER)
    assert outcome(ask(made, "l1", limit("1.00", currency="EUR"))) is Outcome.COMPLIANCE_DENIED
