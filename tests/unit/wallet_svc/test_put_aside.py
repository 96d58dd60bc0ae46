"""Winnings of those who must not have them: booked, held in the same operation, and counted for no limit."""

import pytest

from tests.unit.wallet_svc.world import CASHIER, PLATFORM, PROVIDER, Table, bet, money, outcome, table, verdict, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import Kind, Outcome


def minor() -> Table:
    made = table("100.00", pack="cw")
    made.do("b1", bet("20.00", "r1"))
    made.do("minor", c.RecordFinding(about="identity", result="MINOR"), source=PLATFORM)
    return made


@pytest.mark.parametrize(("about", "result"), [("identity", "MINOR"), ("screening", "HIT")])
def test_a_win_is_held_in_the_same_operation(about: str, result: str) -> None:
    made = table("100.00", pack="cw")
    made.do("b1", bet("20.00", "r1"))
    made.do("found", c.RecordFinding(about=about, result=result), source=PLATFORM)
    told = made.do("w1", win("25.00", "r1"))
    assert (outcome(told), told.entry.details) == (Outcome.OK, {"aside": 25_00})
    assert (made.cash(), made.held()) == (80_00, 25_00)
    won, held = made.log[-2:]
    assert (won.kind, held.kind, held.operation) == (Kind.WIN, Kind.HOLD, won.operation)


def test_a_retry_of_such_a_win_holds_nothing_again() -> None:
    made = minor()
    made.do("w1", win("25.00", "r1"))
    again = made.do("w1", win("25.00", "r1"))
    assert (again.replayed, made.held(), made.cash()) == (True, 25_00, 80_00)


def test_a_win_of_nothing_holds_nothing() -> None:
    made = minor()
    assert outcome(made.do("w1", win("0.00", "r1"))) is Outcome.OK
    assert (made.held(), made.log[-1].kind) == (0, Kind.WIN)


def test_everybody_else_has_the_win() -> None:
    made = table("100.00", pack="cw")
    made.do("b1", bet("20.00", "r1"))
    made.do("w1", win("25.00", "r1"))
    assert (made.held(), made.cash()) == (0, 105_00)


def test_what_was_put_aside_is_no_withdrawal_and_its_release_no_deposit() -> None:
    made = table("0", pack="cw")
    made.do("limit", c.SetLimit(limit="netdep", window="day", money=money("100.00")), source=PLATFORM)
    made.do("d1", c.Deposit(money=money("100.00")), source=CASHIER)
    made.do("b1", bet("20.00", "r1"))
    made.do("hit", c.RecordFinding(about="screening", result="HIT"), source=PLATFORM)
    made.do("w1", win("25.00", "r1"))
    made.do("clear", c.RecordFinding(about="screening", result="CLEAR"), source=PLATFORM)
    refused = made.do("d2", c.Deposit(money=money("0.01")), source=CASHIER)
    assert verdict(refused)[1] == ("LIM.NETDEP",)
    assert outcome(made.do("r1", c.Release(hold_key="aside w1"), source=PROVIDER)) is Outcome.OK
    assert (made.cash(), made.held()) == (105_00, 0)
    assert verdict(made.do("d3", c.Deposit(money=money("0.01")), source=CASHIER))[1] == ("LIM.NETDEP",)
