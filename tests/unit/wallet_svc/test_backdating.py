"""Strict back-dating, by the rule alone."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.wallet_svc.world import EUR, HUGE, LICENSEE, SOURCES, START, Table, bet, money, table
from wallet_svc.domain import commands as c
from wallet_svc.domain.backdating import account_of, backdate, effective_us, may_be_backdated
from wallet_svc.domain.past import Past
from wallet_svc.domain.scene import Decided, Scene
from wallet_svc.domain.state import AccountName, Entry
from wallet_svc.domain.vocabulary import MAX_MINOR, AccountClass, Kind, Outcome

CASH, BONUS = AccountName(EUR.id, AccountClass.CASH), AccountName(EUR.id, AccountClass.BONUS)
HOUSE = AccountName(EUR.id, AccountClass.OUTSIDE, 1)
EARLIER = START - 1_000


def asked(moved: int, name: AccountName = CASH, *, effective: int | None = EARLIER, **past: Any) -> Decided:
    """A movement into an account, or out of it, whose past is this."""
    made = table("0")
    lowest, highest = past.get("lowest", 0), past.get("highest", 0)
    made.player().past = {name: Past([EARLIER], [lowest], [highest], [lowest], past.get("opened", 0))}
    command = c.Command(LICENSEE, "cashier", "alice", "k", c.Deposit(money=money("1.00")), effective_us=effective)
    entry = Entry(Kind.DEPOSIT, SOURCES["cashier"], "k", Outcome.OK, b"f", EUR, abs(moved), moved=abs(moved))
    entry.debit, entry.credit = (HOUSE, name) if moved > 0 else (name, HOUSE)
    return backdate(Scene(made.player(), command, made.registry, SOURCES["cashier"], START), Decided(entry, (entry,)))


def outcomes(*decided: Decided) -> Iterator[Outcome]:
    return (one.entry.outcome for one in decided)


def test_a_credit_that_fitted_at_every_moment_keeps_its_effective_time() -> None:
    decided = asked(500)
    assert (decided.entry.outcome, effective_us(decided.entry), decided.entry.moved) == (Outcome.OK, EARLIER, 500)


def test_without_an_effective_time_nothing_is_looked_at() -> None:
    decided = asked(-500, effective=None)
    assert (decided.entry.outcome, decided.entry.details) == (Outcome.OK, None)


def test_money_may_only_be_taken_if_it_was_there_at_every_moment_since() -> None:
    enough, short = asked(-500, lowest=500, highest=900), asked(-500, lowest=499, highest=900)
    assert list(outcomes(enough, short)) == [Outcome.OK, Outcome.EFFECTIVE_TIME_REFUSED]


def test_money_may_only_be_given_if_it_fitted_at_every_moment_since() -> None:
    fits, full = asked(500, highest=MAX_MINOR - 500), asked(500, highest=MAX_MINOR - 499)
    assert list(outcomes(fits, full)) == [Outcome.OK, Outcome.EFFECTIVE_TIME_REFUSED]


def test_bonus_money_has_a_past_of_its_own() -> None:
    assert asked(500, BONUS, highest=MAX_MINOR).entry.outcome is Outcome.EFFECTIVE_TIME_REFUSED
    command = c.Credit(kind=Kind.PROMO, money=money("1.00"), to=AccountClass.BONUS)
    assert account_of(c.Command(LICENSEE, "acme", "alice", "k", command), EUR.id) == BONUS


def test_nothing_takes_effect_in_the_future_or_before_the_account() -> None:
    now = asked(500, opened=EARLIER)
    future, before = asked(500, effective=START + 1), asked(500, opened=EARLIER + 1)
    refused = Outcome.EFFECTIVE_TIME_REFUSED
    assert list(outcomes(now, future, before)) == [Outcome.OK, refused, refused]


def test_a_refusal_moves_nothing_and_keeps_the_time_that_was_asked_for() -> None:
    entry = asked(-500).entry
    assert (entry.moved, entry.debit, entry.credit, effective_us(entry)) == (0, None, None, EARLIER)


def test_a_refusal_for_another_reason_stays_what_it_is() -> None:
    made = table("0")
    command = c.Command(LICENSEE, "cashier", "alice", "k", c.Deposit(money=money(HUGE)), effective_us=START + 5)
    entry = Entry(Kind.DEPOSIT, 1, "k", Outcome.AMOUNT_INVALID, b"f", EUR)
    decided = backdate(Scene(made.player(), command, made.registry, 1, START), Decided(entry, (entry,)))
    assert decided.entry.outcome is Outcome.AMOUNT_INVALID


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        (c.Deposit(money=money("1.00")), True),
        (c.Credit(kind=Kind.PROMO, money=money("1.00")), True),
        (c.Credit(kind=Kind.TOURNAMENT, money=money("1.00")), True),
        (c.Credit(kind=Kind.JACKPOT, money=money("1.00")), True),
        (c.Adjust(ref_kind=Kind.BET, ref_key="b", money=money("-1.00")), True),
        (bet(), False),
        (c.Hold(money=money("1.00")), False),
        (c.Cancel(bet_key="b"), False),
    ],
)
def test_only_money_from_outside_of_play_may_be_backdated(action: c.Action, *, allowed: bool) -> None:
    assert may_be_backdated(action) is allowed


def test_what_is_played_after_a_reading_lowers_the_past_that_was_read() -> None:
    made: Table = table("100.00")
    made.player().past = {CASH: Past([EARLIER], [10_000], [10_000], [10_000])}
    made.do("b1", bet("99.00"))
    made.do("d2", c.Deposit(money=money("50.00")), source="cashier")
    assert made.player().past[CASH].extremes(EARLIER) == (100, 10_000)
