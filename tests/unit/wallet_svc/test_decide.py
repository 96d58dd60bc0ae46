"""Messages with several keys: all or nothing, and every key has one answer for ever."""

import pytest

from tests.unit.wallet_svc.world import (
    CASHIER,
    LICENSEE,
    PROVIDER,
    Items,
    Table,
    bet,
    bet_and_win,
    cancel,
    money,
    outcome,
    outcomes,
    stored,
    table,
    win,
)
from wallet_svc.domain import commands as c
from wallet_svc.domain.decide import split
from wallet_svc.domain.vocabulary import Kind, Outcome


def replays(made: Table, items: Items) -> list[str]:
    """Send a message again: everything is a replay and nothing is written."""
    before = len(made.log)
    again = made.message(items)
    assert all(one.replayed for one in again)
    assert len(made.log) == before
    return outcomes(again)


def test_every_item_of_an_accepted_message_is_booked_as_an_operation_of_its_own() -> None:
    made = table()
    items: Items = [("b1", bet("10.00")), ("b2", bet("5.00")), ("w1", win("30.00"))]
    assert outcomes(made.message(items)) == ["OK", "OK", "OK"]
    assert made.cash() == 115_00
    assert [entry.operation for entry in made.log[-3:]] == [entry.sequence for entry in made.log[-3:]]
    assert replays(made, items) == ["OK", "OK", "OK"]


def test_a_refused_item_keeps_its_outcome_and_the_others_are_not_applied() -> None:
    made = table()
    items: Items = [("b1", bet("10.00")), ("b2", bet("500.00")), ("b3", bet("1.00"))]
    assert outcomes(made.message(items)) == ["NOT_APPLIED", "INSUFFICIENT_FUNDS", "NOT_APPLIED"]
    assert made.cash() == 100_00
    assert replays(made, items) == ["NOT_APPLIED", "INSUFFICIENT_FUNDS", "NOT_APPLIED"]


def test_only_the_first_refusal_of_a_message_keeps_its_reason() -> None:
    made = table()
    answers = made.message([("b1", bet("500.00")), ("b2", bet("1.005"))])
    assert outcomes(answers) == ["INSUFFICIENT_FUNDS", "NOT_APPLIED"]


def test_an_item_is_decided_after_the_items_before_it() -> None:
    made = table("10.00")
    assert outcomes(made.message([("b1", bet("10.00")), ("w1", win("30.00")), ("b2", bet("25.00"))])) == ["OK"] * 3
    assert made.cash() == 5_00


def test_a_known_key_replays_beside_new_ones() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    answers = made.message([("b1", bet("10.00")), ("w1", win("5.00"))])
    assert [one.replayed for one in answers] == [True, False]
    assert made.cash() == 95_00


def test_a_known_refusal_refuses_the_message() -> None:
    made = table()
    made.do("b1", bet("500.00"))
    answers = made.message([("b0", bet("1.00")), ("b1", bet("500.00")), ("b2", bet("600.00"))])
    assert outcomes(answers) == ["NOT_APPLIED", "INSUFFICIENT_FUNDS", "NOT_APPLIED"]
    assert made.cash() == 100_00


def test_a_known_success_stays_a_success_in_a_refused_message() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    answers = made.message([("b1", bet("10.00")), ("b2", bet("500.00"))])
    assert outcomes(answers) == ["OK", "INSUFFICIENT_FUNDS"]
    assert made.cash() == 90_00


def test_a_conflict_stores_nothing_of_the_message() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    before = len(made.log)
    answers = made.message([("b2", bet("1.00")), ("b1", bet("11.00")), ("b3", bet("500.00"))])
    assert outcomes(answers) == ["NOT_APPLIED", "IDEMPOTENCY_CONFLICT", "NOT_APPLIED"]
    assert len(made.log) == before
    assert outcome(made.do("b2", bet("1.00"))) is Outcome.OK


def test_what_was_not_stored_has_no_position_in_the_log() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    answers = made.message([("b2", bet("1.00")), ("c9", cancel("b1")), ("b1", bet("11.00"))])
    assert [one.entry.sequence for one in answers] == [0, 0, 0]


def test_a_key_that_stands_twice_in_a_message_is_booked_once() -> None:
    made = table()
    answers = made.message([("b1", bet("10.00")), ("b1", bet("10.00"))])
    assert [one.replayed for one in answers] == [False, True]
    assert made.cash() == 90_00


def test_a_refused_key_that_stands_twice_in_a_message_is_stored_once() -> None:
    made = table()
    items: Items = [("b1", bet("500.00")), ("b1", bet("500.00"))]
    assert outcomes(made.message(items)) == ["INSUFFICIENT_FUNDS", "INSUFFICIENT_FUNDS"]
    assert [entry.key for entry in made.log].count("b1") == 1
    assert replays(made, items) == ["INSUFFICIENT_FUNDS", "INSUFFICIENT_FUNDS"]


def test_a_withheld_key_that_stands_twice_in_a_message_is_not_applied_both_times() -> None:
    made = table()
    items: Items = [("b1", bet("10.00")), ("b1", bet("10.00")), ("b2", bet("500.00"))]
    assert outcomes(made.message(items)) == ["NOT_APPLIED", "NOT_APPLIED", "INSUFFICIENT_FUNDS"]
    assert replays(made, items) == ["NOT_APPLIED", "NOT_APPLIED", "INSUFFICIENT_FUNDS"]


def test_one_key_with_two_contents_in_a_message_is_a_conflict() -> None:
    made = table()
    before = len(made.log)
    assert outcomes(made.message([("b1", bet("10.00")), ("b1", bet("11.00"))])) == [
        "NOT_APPLIED",
        "IDEMPOTENCY_CONFLICT",
    ]
    assert len(made.log) == before


def test_a_second_cancel_in_a_refused_message_does_not_swallow_the_stake() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    items: Items = [("c1", cancel("b1")), ("c2", cancel("b1")), ("b2", bet("500.00"))]
    assert outcomes(made.message(items)) == ["NOT_APPLIED", "NOT_APPLIED", "INSUFFICIENT_FUNDS"]
    assert outcome(made.do("c3", cancel("b1"))) is Outcome.OK
    assert made.cash() == 100_00


def test_a_cancel_by_another_id_is_withheld_with_its_message() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("c1", cancel("b1"))
    answers = made.message([("c2", cancel("b1")), ("b2", bet("500.00"))])
    assert outcomes(answers) == ["NOT_APPLIED", "INSUFFICIENT_FUNDS"]
    assert stored(made, Kind.CANCEL, "c2") is answers[0].entry


def test_a_bet_refused_by_the_tombstone_of_its_own_message_stays_refused() -> None:
    made = table()
    items: Items = [("c1", cancel("b1")), ("b1", bet("10.00"))]
    assert outcomes(made.message(items)) == ["NOT_APPLIED", "ALREADY_ROLLED_BACK"]
    assert outcome(made.do("b1", bet("10.00"))) is Outcome.ALREADY_ROLLED_BACK
    assert made.cash() == 100_00


def test_a_bet_withheld_after_a_rehearsed_tombstone_stays_withheld() -> None:
    made = table()
    items: Items = [("c1", cancel("b1")), ("b2", bet("500.00")), ("b1", bet("10.00"))]
    assert outcomes(made.message(items)) == ["NOT_APPLIED", "INSUFFICIENT_FUNDS", "NOT_APPLIED"]
    assert replays(made, items) == ["NOT_APPLIED", "INSUFFICIENT_FUNDS", "NOT_APPLIED"]


def test_a_bet_and_win_pays_both_in_one_message() -> None:
    made = table()
    answers = made.message([("b1", bet_and_win("10.00", "w1", "30.00", close=True))])
    assert outcomes(answers) == ["OK", "OK"]
    assert made.cash() == 120_00
    assert made.player().rounds[3, "r1"].closed_us == made.now_us


def test_a_bet_and_win_without_funds_pays_nothing() -> None:
    made = table("5.00")
    answers = made.message([("b1", bet_and_win("10.00", "w1", "30.00"))])
    assert outcomes(answers) == ["INSUFFICIENT_FUNDS", "NOT_APPLIED"]
    assert made.cash() == 5_00


def test_a_bet_and_win_has_the_keys_of_a_bet_and_of_a_win() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    answers = made.message([("b1", bet_and_win("10.00", "w1", "30.00"))])
    assert [one.replayed for one in answers] == [True, False]
    assert made.do("w1", win("30.00", bet_key="b1")).replayed


def test_a_bet_and_win_closes_its_round_with_the_win() -> None:
    command = c.Command(LICENSEE, PROVIDER, "alice", "b1", bet_and_win("1.00", "w1", "2.00", close=True))
    stake, result = (part.action for part in split(command))
    assert isinstance(stake, c.Bet)
    assert isinstance(result, c.Win)
    assert (stake.close, result.close, result.bet_key) == (False, True, "b1")


def test_a_message_is_rehearsed_on_a_copy_of_the_player() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    made.do("h1", c.Hold(money=money("20.00")), source=CASHIER)
    made.message([("w1", win("5.00")), ("c1", cancel("nobody")), ("b2", bet("500.00"))])
    bets = made.player().rounds[3, "r1"].bets
    assert (made.cash(), made.held(), bets["b1"].wins) == (70_00, 20_00, 0)
    assert stored(made, Kind.BET, "nobody") is None


@pytest.mark.parametrize("key", ["b1", "b9"])
def test_a_balance_stands_beside_every_stored_answer(key: str) -> None:
    made = table()
    answers = made.message([("b1", bet("10.00")), ("b9", bet("500.00"))])
    told = {one.entry.key: one.entry.available for one in answers}
    assert told[key] == 100_00
