"""Taking wins back, undoing lists, and booking again what was undone."""

import pytest

from tests.unit.wallet_svc.world import CASHIER, Table, bet, cancel, money, outcome, table, win, with_bonus
from wallet_svc.domain import commands as c
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import Case, Kind, Outcome, Shortfall

BET, WIN, TIP = Kind.BET, Kind.WIN, Kind.TIP


def reverse(key: str) -> c.ReverseWin:
    return c.ReverseWin(win_key=key)


def undo(*items: tuple[Kind, str]) -> c.RollbackList:
    return c.RollbackList(items=items)


def again(cancel_key: str) -> c.UndoRollback:
    return c.UndoRollback(cancel_key=cancel_key)


def deposit(made: Table, amount: str) -> None:
    made.do(f"deposit {amount}", c.Deposit(money=money(amount)), source=CASHIER)


def parts(entry: Entry) -> list[str]:
    return [Outcome(number).name for _, _, number in (entry.details or {})["items"]]


def played() -> Table:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("w1", win("50.00", bet_key="b1"))
    return made


def test_a_win_is_taken_back_once_and_its_bet_is_unsettled_again() -> None:
    made = played()
    assert outcome(made.do("v1", reverse("w1"))) is Outcome.OK
    second = made.do("v2", reverse("w1"))
    assert (outcome(second), second.replayed, made.cash()) == (Outcome.OK, True, 90_00)
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.OK


def test_a_bet_with_another_live_win_stays_settled() -> None:
    made = played()
    made.do("w2", win("0.00", bet_key="b1"))
    made.do("v1", reverse("w1"))
    assert outcome(made.do("c1", cancel("b1"))) is Outcome.ALREADY_SETTLED


def test_with_one_credit_per_bet_a_win_that_was_taken_back_makes_room() -> None:
    made = table(one_credit_per_bet=True)
    made.do("b1", bet("10.00"))
    made.do("w1", win("5.00", bet_key="b1"))
    assert outcome(made.do("w2", win("5.00", bet_key="b1"))) is Outcome.ALREADY_SETTLED
    made.do("v1", reverse("w1"))
    assert outcome(made.do("w3", win("5.00", bet_key="b1"))) is Outcome.OK


def test_a_win_that_is_spent_is_refused_for_good_and_looked_at() -> None:
    made = played()
    made.do("b2", bet("90.01", round_="r2"))
    answer = made.do("v1", reverse("w1"))
    assert (outcome(answer), answer.entry.case) == (Outcome.INSUFFICIENT_FUNDS, Case.REVERSAL_SHORTFALL)
    deposit(made, "0.01")
    assert made.do("v1", reverse("w1")).replayed
    assert outcome(made.do("v2", reverse("w1"))) is Outcome.OK


def test_what_is_not_there_is_owed_where_the_licensee_wants_it() -> None:
    made = played()
    made.tenant(shortfall=Shortfall.RECEIVABLE)
    made.do("b2", bet("105.00", round_="r2"))
    answer = made.do("v1", reverse("w1"))
    assert (outcome(answer), answer.entry.case, made.cash(), made.owed()) == (Outcome.OK, None, 0, 15_00)
    deposit(made, "20.00")
    assert (made.cash(), made.owed()) == (20_00, 15_00)
    assert made.cash() - made.owed() + made.house() == 0


def test_a_split_win_is_taken_back_from_both_or_not_at_all() -> None:
    made = with_bonus("5.00", "15.00")
    made.do("b1", bet("10.00"))
    made.do("w1", win("20.00", bet_key="b1"))
    made.do("b2", bet("1.00", round_="r2"))
    assert outcome(made.do("v1", reverse("w1"))) is Outcome.INSUFFICIENT_FUNDS
    deposit(made, "1.00")
    assert outcome(made.do("v2", reverse("w1"))) is Outcome.OK
    assert (made.cash(), made.bonus()) == (0, 10_00)


def test_a_win_that_was_taken_back_before_it_came_is_never_paid() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    assert outcome(made.do("v1", reverse("w1"))) is Outcome.TOMBSTONED
    twice = made.do("v2", reverse("w1"))
    assert (outcome(twice), twice.replayed) == (Outcome.TOMBSTONED, True)
    assert outcome(made.do("w1", win("5.00", bet_key="b1"))) is Outcome.ALREADY_ROLLED_BACK
    assert made.do("w1", win("5.00", bet_key="b1")).replayed


def test_a_list_undoes_a_bet_with_its_win_refunds_first() -> None:
    made = played()
    answer = made.do("l1", undo((WIN, "w1"), (BET, "b1")))
    assert (outcome(answer), parts(answer.entry)) == (Outcome.OK, ["OK", "OK"])
    kinds = [entry.kind for entry in made.log[-3:]]
    assert kinds == [Kind.CANCEL, Kind.REVERSE_WIN, Kind.ROLLBACK_LIST]
    assert len({entry.operation for entry in made.log[-3:]}) == 3
    assert (made.cash(), answer.entry.available) == (100_00, 100_00)


def test_a_list_is_a_replay_in_any_order_of_its_items() -> None:
    made = played()
    made.do("l1", undo((WIN, "w1"), (BET, "b1")))
    assert made.do("l1", undo((BET, "b1"), (WIN, "w1"))).replayed
    assert outcome(made.do("l1", undo((BET, "b1")))) is Outcome.IDEMPOTENCY_CONFLICT


def test_what_a_list_never_saw_is_buried() -> None:
    made = played()
    answer = made.do("l1", undo((BET, "b9"), (TIP, "t9"), (WIN, "w9"), (WIN, "w1")))
    assert parts(answer.entry) == ["TOMBSTONED", "TOMBSTONED", "TOMBSTONED", "OK"]
    assert outcome(made.do("b9", bet("1.00"))) is Outcome.ALREADY_ROLLED_BACK
    assert outcome(made.do("w9", win("1.00", bet_key="b1"))) is Outcome.ALREADY_ROLLED_BACK
    late_tip = c.Tip(money=money("1.00"), session="s")
    assert outcome(made.do("t9", late_tip)) is Outcome.ALREADY_ROLLED_BACK


@pytest.mark.parametrize("bet_key", ["b1", ""])
def test_a_bet_whose_win_is_not_listed_stops_the_list(bet_key: str) -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("b2", bet("20.00", round_="r2"))
    made.do("w1", win("5.00", bet_key=bet_key))
    answer = made.do("l1", undo((BET, "b2"), (BET, "b1"), (BET, "b9")))
    assert (outcome(answer), parts(answer.entry)) == (
        Outcome.ALREADY_SETTLED,
        ["NOT_APPLIED", "ALREADY_SETTLED", "NOT_APPLIED"],
    )
    assert (made.cash(), len(answer.new)) == (75_00, 1)
    assert outcome(made.do("b9", bet("1.00"))) is Outcome.OK


def test_a_list_that_lacks_the_money_does_nothing_and_a_new_one_may_try_again() -> None:
    made = played()
    made.do("b2", bet("120.00", round_="r2"))
    answer = made.do("l1", undo((BET, "b1"), (WIN, "w1")))
    assert (outcome(answer), parts(answer.entry)) == (
        Outcome.INSUFFICIENT_FUNDS,
        ["NOT_APPLIED", "INSUFFICIENT_FUNDS"],
    )
    assert (answer.entry.case, made.cash()) == (Case.REVERSAL_SHORTFALL, 20_00)
    deposit(made, "20.00")
    assert made.do("l1", undo((BET, "b1"), (WIN, "w1"))).replayed
    assert outcome(made.do("l2", undo((BET, "b1"), (WIN, "w1")))) is Outcome.OK
    assert made.cash() == 0


def test_a_list_voids_a_closed_round_and_passes_over_what_is_undone() -> None:
    made = played()
    made.do("b2", bet("1.00"))
    made.do("c2", cancel("b2"))
    made.do("close", c.CloseRound(round="r1"))
    answer = made.do("l1", undo((BET, "b1"), (WIN, "w1"), (BET, "b2"), (BET, "b1")))
    assert (parts(answer.entry), made.cash()) == (["OK"] * 4, 100_00)


def test_a_cancelled_bet_is_booked_again_once_and_is_live() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("c1", cancel("b1"))
    assert outcome(made.do("u1", again("c1"))) is Outcome.OK
    second = made.do("u2", again("c1"))
    assert (second.replayed, made.cash()) == (True, 90_00)
    assert outcome(made.do("c2", cancel("b1"))) is Outcome.OK
    assert outcome(made.do("u3", again("c2"))) is Outcome.OK
    assert outcome(made.do("w1", win("5.00", bet_key="b1"))) is Outcome.OK
    assert len({entry.undoes for entry in made.log if entry.undoes}) == 4


def test_booking_again_needs_the_same_sources() -> None:
    made = with_bonus("6.00", "10.00")
    made.do("b1", bet("8.00"))
    made.do("c1", cancel("b1"))
    made.do("b2", bet("0.01", round_="r2"))
    assert outcome(made.do("u1", again("c1"))) is Outcome.INSUFFICIENT_FUNDS
    deposit(made, "0.01")
    assert made.do("u1", again("c1")).replayed
    assert outcome(made.do("u2", again("c1"))) is Outcome.OK
    assert (made.cash(), made.bonus()) == (0, 8_00)


def test_there_is_nothing_to_book_again_without_a_cancel_that_returned_something() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("c1", cancel("b1"))
    made.do("c2", cancel("b1"))
    made.do("c9", cancel("b9"))
    assert [outcome(made.do(f"u {key}", again(key))).name for key in ("c2", "c9", "nobody")] == [
        "ORIGINAL_NOT_FOUND"
    ] * 3


def test_a_cancelled_zero_bet_is_booked_again() -> None:
    made = table()
    made.do("b1", bet("0.00"))
    made.do("c1", cancel("b1"))
    assert outcome(made.do("u1", again("c1"))) is Outcome.OK
    assert outcome(made.do("w1", win("4.00", bet_key="b1"))) is Outcome.OK
