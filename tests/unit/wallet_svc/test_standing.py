"""Frozen and closed accounts: what stops, what still passes, and that it can be undone."""

import pytest

from tests.unit.wallet_svc.world import CASHIER, PLATFORM, Table, bet, cancel, money, outcome, table, win, with_bonus
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome, Standing

FROZEN, CLOSED, OK = Outcome.ACCOUNT_FROZEN, Outcome.ACCOUNT_CLOSED, Outcome.OK


def change(made: Table, kind: Kind, what: Standing, key: str = "", currency: str = "EUR") -> Outcome:
    action = c.SetStanding(kind=kind, currency=currency, what=what)
    return outcome(made.do(key or f"{kind.name} {what.name}", action, source=PLATFORM))


def freeze(made: Table, what: Standing) -> None:
    assert change(made, Kind.FREEZE_ACCOUNT, what) is OK


def deposit(made: Table, key: str = "d1") -> Outcome:
    return outcome(made.do(key, c.Deposit(money=money("5.00")), source=CASHIER))


def hold(made: Table, key: str = "h1") -> Outcome:
    return outcome(made.do(key, c.Hold(money=money("5.00")), source=CASHIER))


def gift(made: Table, kind: Kind, key: str) -> Outcome:
    return outcome(made.do(key, c.Credit(kind=kind, money=money("1.00"))))


def test_frozen_out_nothing_is_taken_from_cash_or_bonus() -> None:
    made = with_bonus("100.00", "10.00")
    made.do("b1", bet("10.00"))
    made.do("b0", bet("1.00", round_="r0"))
    made.do("c0", cancel("b0"))
    made.do("w1", win("20.00", bet_key="b1"))
    hold(made)
    freeze(made, Standing.FROZEN_OUT)
    told = [
        outcome(made.do("b2", bet("1.00"))),
        outcome(made.do("t1", c.Tip(money=money("1.00"), session="s"))),
        hold(made, "h2"),
        outcome(made.do("v1", c.ReverseWin(win_key="w1"))),
        outcome(made.do("u1", c.UndoRollback(cancel_key="c0"))),
        outcome(made.do("a1", c.Adjust(ref_kind=Kind.BET, ref_key="b1", money=money("-1.00")))),
        outcome(made.do("l1", c.RollbackList(items=((Kind.WIN, "w1"),)))),
    ]
    assert told == [FROZEN] * 7


def test_frozen_out_money_still_comes_in_and_what_was_held_is_paid_or_given_back() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("b2", bet("10.00", round_="r2"))
    hold(made, "h1")
    hold(made, "h2")
    freeze(made, Standing.FROZEN_OUT)
    told = [
        outcome(made.do("w1", win("20.00", bet_key="b1"))),
        outcome(made.do("c2", cancel("b2"))),
        deposit(made),
        outcome(made.do("k1", c.Capture(hold_key="h1"), source=CASHIER)),
        outcome(made.do("k2", c.Release(hold_key="h2"), source=CASHIER)),
    ]
    assert told == [OK] * 5


def test_frozen_in_only_what_can_wait_stops() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("b2", bet("10.00", round_="r2"))
    freeze(made, Standing.FROZEN_IN)
    assert [deposit(made), gift(made, Kind.PROMO, "x1"), gift(made, Kind.TOURNAMENT, "x1")] == [FROZEN] * 3
    told = [
        outcome(made.do("w1", win("20.00", bet_key="b1"))),
        outcome(made.do("c2", cancel("b2"))),
        gift(made, Kind.JACKPOT, "x1"),
        outcome(made.do("f1", c.FreeRound(kind=Kind.FREE_ROUND_TOTAL, grant="f", money=money("1.00")))),
        outcome(made.do("a1", c.Adjust(ref_kind=Kind.BET, ref_key="b1", money=money("1.00")))),
        outcome(made.do("b3", bet("1.00", round_="r3"))),
    ]
    assert told == [OK] * 6


@pytest.mark.parametrize("what", [Standing.FROZEN_IN, Standing.FROZEN_OUT])
def test_a_freeze_ends_and_its_refusals_stay(what: Standing) -> None:
    made = table()
    freeze(made, what)
    made.do("b1", bet("1.00"))
    deposit(made)
    assert change(made, Kind.UNFREEZE_ACCOUNT, what) is OK
    assert [outcome(made.do("b2", bet("1.00"))), deposit(made, "d2")] == [OK, OK]
    refused = made.do("b1", bet("1.00")) if what is Standing.FROZEN_OUT else None
    assert refused is None or (outcome(refused), refused.replayed) == (FROZEN, True)


def test_both_directions_stop_apart_from_each_other() -> None:
    made = table()
    freeze(made, Standing.FROZEN_IN)
    freeze(made, Standing.FROZEN_OUT)
    change(made, Kind.UNFREEZE_ACCOUNT, Standing.FROZEN_IN)
    assert (deposit(made), hold(made)) == (OK, FROZEN)


def test_an_account_with_money_is_not_closed() -> None:
    made = table("10.00")
    assert change(made, Kind.CLOSE_ACCOUNT, Standing.CLOSED) is Outcome.ACCOUNT_NOT_EMPTY
    made.do("h1", c.Hold(money=money("10.00")), source=CASHIER)
    assert change(made, Kind.CLOSE_ACCOUNT, Standing.CLOSED, "again") is Outcome.ACCOUNT_NOT_EMPTY
    made.do("k1", c.Capture(hold_key="h1"), source=CASHIER)
    assert change(made, Kind.CLOSE_ACCOUNT, Standing.CLOSED, "at last") is OK


def closed() -> Table:
    made = table("10.00")
    made.do("b1", bet("10.00"))
    assert change(made, Kind.CLOSE_ACCOUNT, Standing.CLOSED) is OK
    return made


def test_a_closed_account_takes_no_stake_and_no_deposit() -> None:
    made = closed()
    told = [outcome(made.do("b2", bet("0.00"))), deposit(made), gift(made, Kind.PROMO, "x1")]
    assert told == [CLOSED] * 3


def test_what_is_owed_to_the_player_is_paid_into_a_closed_account_and_can_leave() -> None:
    made = closed()
    assert outcome(made.do("w1", win("7.00", bet_key="b1"))) is OK
    assert hold(made) is OK


def test_a_closed_account_is_opened_again() -> None:
    made = closed()
    assert change(made, Kind.REOPEN_ACCOUNT, Standing.CLOSED) is OK
    assert deposit(made) is OK


def test_an_account_that_is_not_there_is_not_frozen() -> None:
    assert change(table(), Kind.FREEZE_ACCOUNT, Standing.FROZEN_IN, currency="USD") is Outcome.CURRENCY_MISMATCH


def test_a_bonus_account_that_opens_later_is_as_frozen_as_the_cash() -> None:
    made = table()
    freeze(made, Standing.FROZEN_OUT)
    made.do("j1", c.Credit(kind=Kind.JACKPOT, money=money("5.00"), to=AccountClass.BONUS))
    assert (made.bonus(), outcome(made.do("b1", bet("1.00")))) == (5_00, FROZEN)
