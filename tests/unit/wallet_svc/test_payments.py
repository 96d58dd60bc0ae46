"""Deposits, and withdrawals as holds: captured + released + left = held."""

import pytest

from tests.unit.wallet_svc.world import (
    CASHIER,
    EUR,
    HUGE,
    JPY,
    PLATFORM,
    PROVIDER,
    SOURCES,
    Table,
    bet,
    money,
    outcome,
    table,
    win,
)
from wallet_svc.domain import commands as c
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import HeldMoney
from wallet_svc.domain.vocabulary import HoldState, Kind, Outcome


def cashier(made: Table, key: str, action: c.Action) -> Decided:
    return made.do(key, action, source=CASHIER)


def deposit(amount: str, currency: str = "EUR") -> c.Deposit:
    return c.Deposit(money=money(amount, currency))


def hold(amount: str, seconds: float | None = None) -> c.Hold:
    return c.Hold(money=money(amount), expires_in_us=None if seconds is None else int(seconds * 1_000_000))


def capture(hold_key: str, amount: str = "") -> c.Capture:
    return c.Capture(hold_key=hold_key, money=money(amount) if amount else None)


def held_by(made: Table, key: str = "h1") -> HeldMoney:
    return made.player().holds[SOURCES[CASHIER], key]


def test_a_deposit_comes_from_outside() -> None:
    made = table("0")
    assert outcome(cashier(made, "d1", deposit("12.50"))) is Outcome.OK
    assert (made.cash(), made.house()) == (12_50, -12_50)


def test_a_deposit_is_booked_once() -> None:
    made = table("0")
    cashier(made, "d1", deposit("12.50"))
    assert cashier(made, "d1", deposit("12.5")).replayed
    assert outcome(cashier(made, "d1", deposit("12.51"))) is Outcome.IDEMPOTENCY_CONFLICT
    assert made.cash() == 12_50


@pytest.mark.parametrize("amount", ["0", "0.00", "-1.00", "0.001"])
@pytest.mark.parametrize("action", [deposit, hold])
def test_payments_are_positive_and_exact(action: type[c.Deposit] | type[c.Hold], amount: str) -> None:
    assert outcome(cashier(table(), "x1", action(amount))) is Outcome.AMOUNT_INVALID  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize("currency", ["USD", "XTS"])
def test_a_payment_is_in_a_currency_of_the_player(currency: str) -> None:
    assert outcome(cashier(table(), "d1", deposit("1.00", currency))) is Outcome.CURRENCY_MISMATCH


def test_currencies_of_a_player_are_apart() -> None:
    made = table()
    cashier(made, "yen", c.OpenAccount(currency="JPY"))
    cashier(made, "d1", deposit("500", "JPY"))
    assert (made.cash(), made.cash(asset=JPY), made.house(JPY)) == (100_00, 500, -500)
    assert outcome(cashier(made, "d2", deposit("0.5", "JPY"))) is Outcome.AMOUNT_INVALID


def test_a_deposit_never_passes_the_largest_balance() -> None:
    made = table("0.07")
    assert outcome(cashier(made, "d1", deposit(HUGE))) is Outcome.AMOUNT_INVALID
    assert outcome(cashier(made, "d2", deposit("92233720368547758.00"))) is Outcome.OK


def test_a_deposit_over_its_limit_is_refused() -> None:
    made = table("0")
    made.do("limit", c.SetLimit(limit="deposit", window="24h", money=money("50.00")), source=PLATFORM)
    assert outcome(cashier(made, "d1", deposit("30.00"))) is Outcome.OK
    answer = cashier(made, "d2", deposit("20.01"))
    assert (outcome(answer), answer.entry.limit) == (Outcome.LIMIT_EXCEEDED, "deposit")
    assert outcome(cashier(made, "d3", deposit("20.00"))) is Outcome.OK


def test_a_deposit_limit_looks_back_on_deposits_made_before_it() -> None:
    made = table("40.00")
    made.do("limit", c.SetLimit(limit="deposit", window="24h", money=money("50.00")), source=PLATFORM)
    assert outcome(cashier(made, "d1", deposit("10.01"))) is Outcome.LIMIT_EXCEEDED
    made.later(24 * 3600 + 1)
    assert outcome(cashier(made, "d2", deposit("50.00"))) is Outcome.OK


def test_a_hold_moves_cash_to_held() -> None:
    made = table()
    assert outcome(cashier(made, "h1", hold("30.00"))) is Outcome.OK
    assert (made.cash(), made.held(), made.house()) == (70_00, 30_00, -100_00)


def test_held_money_cannot_be_staked_or_held_again() -> None:
    made = table()
    cashier(made, "h1", hold("95.00"))
    assert outcome(made.do("b1", bet("10.00"))) is Outcome.INSUFFICIENT_FUNDS
    assert outcome(cashier(made, "h2", hold("5.01"))) is Outcome.INSUFFICIENT_FUNDS


def test_a_blocked_and_excluded_player_may_withdraw() -> None:
    made = table()
    made.do("block", c.SetBlock(blocked=True), source=PLATFORM)
    made.do("out", c.Exclude(term="indefinite"), source=PLATFORM)
    cashier(made, "h1", hold("100.00"))
    assert outcome(cashier(made, "k1", capture("h1"))) is Outcome.OK


def test_a_capture_takes_a_part_or_all_that_is_left() -> None:
    made = table()
    cashier(made, "h1", hold("30.00"))
    assert outcome(cashier(made, "k1", capture("h1", "10.00"))) is Outcome.OK
    assert (held_by(made).left, held_by(made).state) == (20_00, HoldState.ACTIVE)
    assert outcome(cashier(made, "k2", capture("h1"))) is Outcome.OK
    assert (held_by(made).left, held_by(made).state) == (0, HoldState.CAPTURED)
    assert (made.cash(), made.held(), made.house()) == (70_00, 0, -70_00)


def test_no_capture_takes_more_than_is_left() -> None:
    made = table()
    cashier(made, "h1", hold("30.00"))
    cashier(made, "k1", capture("h1", "10.00"))
    assert outcome(cashier(made, "k2", capture("h1", "20.01"))) is Outcome.HOLD_EXCEEDED
    assert held_by(made).left == 20_00


@pytest.mark.parametrize("amount", ["0", "-5.00", "1.001"])
def test_a_captured_amount_is_positive_and_exact(amount: str) -> None:
    made = table()
    cashier(made, "h1", hold("30.00"))
    assert outcome(cashier(made, "k1", capture("h1", amount))) is Outcome.AMOUNT_INVALID


def test_a_capture_is_in_the_currency_of_its_hold() -> None:
    made = table()
    cashier(made, "h1", hold("30.00"))
    action = c.Capture(hold_key="h1", money=money("1.00", "USD"))
    assert outcome(cashier(made, "k1", action)) is Outcome.CURRENCY_MISMATCH


def test_a_release_gives_back_what_is_left() -> None:
    made = table()
    cashier(made, "h1", hold("30.00"))
    cashier(made, "k1", capture("h1", "10.00"))
    assert outcome(cashier(made, "r1", c.Release(hold_key="h1"))) is Outcome.OK
    assert (held_by(made).captured, held_by(made).released, held_by(made).state) == (10_00, 20_00, HoldState.RELEASED)
    assert (made.cash(), made.held()) == (90_00, 0)


@pytest.mark.parametrize("action", [capture("h1"), capture("h1", "1.00"), c.Release(hold_key="h1")])
@pytest.mark.parametrize("end", [capture("h1"), c.Release(hold_key="h1")])
def test_an_ended_hold_stays_ended(end: c.Action, action: c.Action) -> None:
    made = table()
    cashier(made, "h1", hold("30.00"))
    cashier(made, "end", end)
    before = (made.cash(), made.held())
    assert outcome(cashier(made, "x1", action)) is Outcome.HOLD_ENDED
    assert (made.cash(), made.held()) == before


@pytest.mark.parametrize("action", [capture("h1"), c.Release(hold_key="h1")])
def test_a_hold_that_was_refused_or_never_seen_is_not_found(action: c.Action) -> None:
    made = table()
    assert outcome(cashier(made, "x1", action)) is Outcome.ORIGINAL_NOT_FOUND
    cashier(made, "h1", hold("500.00"))
    assert outcome(cashier(made, "x2", action)) is Outcome.ORIGINAL_NOT_FOUND


def test_a_hold_belongs_to_its_source() -> None:
    made = table()
    cashier(made, "h1", hold("30.00"))
    assert outcome(made.do("k1", capture("h1"), source=PROVIDER)) is Outcome.ORIGINAL_NOT_FOUND


def test_captures_and_releases_replay() -> None:
    made = table()
    cashier(made, "h1", hold("30.00"))
    cashier(made, "k1", capture("h1", "10.00"))
    cashier(made, "r1", c.Release(hold_key="h1"))
    assert cashier(made, "h1", hold("30.00", 9)).replayed
    assert cashier(made, "k1", capture("h1", "10.00")).replayed
    assert cashier(made, "r1", c.Release(hold_key="h1")).replayed
    assert outcome(cashier(made, "k1", capture("h1"))) is Outcome.IDEMPOTENCY_CONFLICT


def test_what_is_left_goes_back_when_the_time_is_over() -> None:
    made = table()
    cashier(made, "h1", hold("30.00", seconds=60))
    cashier(made, "k1", capture("h1", "10.00"))
    made.later(59.999999)
    early = cashier(made, "h1", c.Expire(hold_key="h1"))
    assert (outcome(early), early.new) == (Outcome.HOLD_ENDED, ())
    made.later(0.000001)
    assert outcome(cashier(made, "k2", capture("h1"))) is Outcome.HOLD_ENDED
    assert outcome(cashier(made, "h1", c.Expire(hold_key="h1"))) is Outcome.OK
    assert (made.cash(), held_by(made).state, made.log[-1].kind) == (90_00, HoldState.EXPIRED, Kind.EXPIRE)


def test_a_hold_expires_once() -> None:
    made = table()
    cashier(made, "h1", hold("30.00", seconds=60))
    made.later(60)
    answers = [cashier(made, "h1", c.Expire(hold_key="h1")) for _ in range(3)]
    assert [len(one.new) for one in answers] == [1, 0, 0]
    assert made.cash() == 100_00


def test_a_hold_without_a_time_never_expires() -> None:
    made = table()
    cashier(made, "h1", hold("30.00"))
    made.later(10**9)
    assert not cashier(made, "h1", c.Expire(hold_key="h1")).new
    assert not cashier(made, "nobody", c.Expire(hold_key="nobody")).new


def nearly_full(*, seconds: float | None = None) -> Table:
    """Alice has one hold of 20.00 and as much cash as fits."""
    made = table("20.00")
    made.do("b1", bet("0"))
    cashier(made, "h1", hold("20.00", seconds))
    assert outcome(made.do("w1", win(HUGE))) is Outcome.OK
    return made


def test_no_sub_balance_passes_the_largest_balance() -> None:
    made = nearly_full()
    assert outcome(cashier(made, "h2", hold(HUGE))) is Outcome.AMOUNT_INVALID
    assert outcome(cashier(made, "r1", c.Release(hold_key="h1"))) is Outcome.AMOUNT_INVALID
    assert held_by(made).state is HoldState.ACTIVE
    assert made.cash(asset=EUR) == 2**63 - 1


def test_a_hold_expires_only_when_cash_can_take_it() -> None:
    made = nearly_full(seconds=1)
    made.later(1)
    assert not cashier(made, "h1", c.Expire(hold_key="h1")).new
    cashier(made, "h2", hold("20.00"))
    assert outcome(cashier(made, "h1", c.Expire(hold_key="h1"))) is Outcome.OK


def test_a_capture_beyond_the_hold_passes_within_the_tolerance_that_the_hold_states() -> None:
    made = table("100.00")
    made.do("h1", c.Hold(money=money("50.00"), tolerance=money("5.00")), source=CASHIER)
    made.do("k1", c.Capture(hold_key="h1", money=money("20.00")), source=CASHIER)
    assert (
        outcome(made.do("k2", c.Capture(hold_key="h1", money=money("35.01")), source=CASHIER)) is Outcome.HOLD_EXCEEDED
    )
    answer = made.do("k3", c.Capture(hold_key="h1", money=money("35.00")), source=CASHIER)
    held = made.player().holds[1, "h1"]
    assert (outcome(answer), held.captured, held.beyond, held.state) == (Outcome.OK, 50_00, 5_00, HoldState.CAPTURED)
    assert (made.cash(), made.held()) == (45_00, 0)
    assert outcome(made.do("k4", c.Capture(hold_key="h1", money=money("1.00")), source=CASHIER)) is Outcome.HOLD_ENDED


def test_what_is_beyond_the_hold_has_to_be_there() -> None:
    made = table("50.00")
    made.do("h1", c.Hold(money=money("50.00"), tolerance=money("5.00")), source=CASHIER)
    answer = made.do("k1", c.Capture(hold_key="h1", money=money("51.00")), source=CASHIER)
    assert (outcome(answer), made.held()) == (Outcome.INSUFFICIENT_FUNDS, 50_00)
    assert outcome(made.do("k2", c.Capture(hold_key="h1"), source=CASHIER)) is Outcome.OK


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [("-1.00", Outcome.AMOUNT_INVALID), ("0.001", Outcome.AMOUNT_INVALID), ("0.00", Outcome.OK)],
)
def test_a_tolerance_is_an_amount_of_the_hold(tolerance: str, expected: Outcome) -> None:
    made = table("50.00")
    action = c.Hold(money=money("50.00"), tolerance=money(tolerance))
    assert outcome(made.do("h1", action, source=CASHIER)) is expected
    other = c.Hold(money=money("50.00"), tolerance=money("1.00", "USD"))
    assert outcome(made.do("h2", other, source=CASHIER)) is Outcome.CURRENCY_MISMATCH


def test_a_deposit_stays_under_the_cap_of_its_asset() -> None:
    made = table("100.00")
    made.asset(EUR, cap=101_00)
    assert outcome(made.do("d1", c.Deposit(money=money("1.01")), source=CASHIER)) is Outcome.AMOUNT_INVALID
    assert outcome(made.do("d2", c.Deposit(money=money("1.00")), source=CASHIER)) is Outcome.OK
