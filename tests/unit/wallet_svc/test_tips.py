"""Tips: a debit like a bet, without a round and without bonus."""

import pytest

from tests.unit.wallet_svc.world import (
    PLATFORM,
    PROVIDER,
    SOURCES,
    bet,
    money,
    outcome,
    stored,
    table,
    win,
    with_bonus,
)
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome, PlayState


def tip(amount: str = "2.00", **more: object) -> c.Tip:
    return c.Tip(money=money(amount), **{"session": "s", **more})  # type: ignore[arg-type]


def undo(key: str) -> c.Cancel:
    return c.Cancel(bet_key=key, of=Kind.TIP)


def test_a_tip_is_taken_once_and_opens_no_round() -> None:
    made = table()
    assert outcome(made.do("t1", tip(round="r1"))) is Outcome.OK
    assert made.do("t1", tip(round="r1")).replayed
    assert (made.cash(), made.player().rounds) == (98_00, {})
    assert outcome(made.do("w1", win())) is Outcome.ORIGINAL_NOT_FOUND


def test_tips_have_an_account_of_their_own() -> None:
    made = table()
    made.do("t1", tip())
    house = {name.account_class: one.balance for (_, name), one in made.book.house.items()}
    assert house[AccountClass.TIPS] == 2_00
    assert AccountClass.GAMING not in house


def test_a_tip_never_touches_the_bonus() -> None:
    made = with_bonus("1.00", "100.00")
    assert outcome(made.do("t1", tip("1.01"))) is Outcome.INSUFFICIENT_FUNDS
    assert outcome(made.do("t2", tip("1.00"))) is Outcome.OK


@pytest.mark.parametrize("amount", ["0", "-1.00", "1.001"])
def test_a_tip_is_above_zero_and_exact(amount: str) -> None:
    assert outcome(table().do("t1", tip(amount))) is Outcome.AMOUNT_INVALID


def test_a_tip_needs_what_a_bet_needs() -> None:
    made = table()
    assert outcome(made.do("t1", tip(session="t"))) is Outcome.SESSION_INVALID
    assert outcome(made.do("t2", tip(game="off"))) is Outcome.GAME_NOT_AVAILABLE
    assert outcome(made.do("t3", c.Tip(money=money("1.00", "USD"), session="s"))) is Outcome.CURRENCY_MISMATCH
    made.do("block", c.SetBlock(blocked=True), source=PLATFORM)
    assert outcome(made.do("t4", tip())) is Outcome.PLAYER_BLOCKED
    made.do("end", c.EndPlay(session="s", end=PlayState.CLOSED), source=PLATFORM)
    assert outcome(made.do("t5", tip())) is Outcome.SESSION_EXPIRED


def test_the_law_is_asked_about_a_tip() -> None:
    made = table(pack="gb", currency="GBP")
    made.do("out", c.Exclude(term="6mo"), source=PLATFORM)
    answer = made.do("t1", c.Tip(money=money("1.00", "GBP"), session="s"))
    assert outcome(answer) is Outcome.COMPLIANCE_DENIED


def test_a_tip_passes_a_closed_round_and_is_cancelled_after_it() -> None:
    made = table()
    made.do("x1", bet("10.00", close=True))
    assert outcome(made.do("x1", tip("2.50", round="r1"))) is Outcome.OK
    assert outcome(made.do("c1", undo("x1"))) is Outcome.OK
    again = made.do("c2", undo("x1"))
    assert (outcome(again), again.replayed, made.cash()) == (Outcome.OK, True, 90_00)
    assert outcome(made.do("c3", c.Cancel(bet_key="x1"))) is Outcome.ALREADY_SETTLED


def test_a_tip_whose_cancel_came_first_is_refused_for_ever() -> None:
    made = table()
    assert outcome(made.do("c1", undo("t1"))) is Outcome.TOMBSTONED
    assert outcome(made.do("t1", tip())) is Outcome.ALREADY_ROLLED_BACK
    again = made.do("t1", tip())
    assert (outcome(again), again.replayed) == (Outcome.ALREADY_ROLLED_BACK, True)
    assert outcome(made.do("t1", tip("3.00"))) is Outcome.IDEMPOTENCY_CONFLICT
    assert stored(made, Kind.BET, "t1") is None


def test_a_cancelled_tip_can_be_booked_again_once() -> None:
    made = table()
    made.do("t1", tip())
    made.do("c1", undo("t1"))
    assert outcome(made.do("u1", c.UndoRollback(cancel_key="c1"))) is Outcome.OK
    assert made.cash() == 98_00
    again = made.do("u2", c.UndoRollback(cancel_key="c1"))
    assert (again.replayed, made.cash()) == (True, 98_00)
    assert outcome(made.do("c2", undo("t1"))) is Outcome.OK
    assert made.cash() == 100_00


def test_tips_count_for_no_limit() -> None:
    made = table()
    made.do("limit", c.SetLimit(limit="loss", window="since_set", money=money("10.00")), source=PLATFORM)
    made.do("t1", tip("50.00"))
    made.do("c1", undo("t1"))
    assert outcome(made.do("b1", bet("10.00"))) is Outcome.OK
    assert outcome(made.do("b2", bet("0.01"))) is Outcome.LIMIT_EXCEEDED
    assert SOURCES[PROVIDER] == 3
