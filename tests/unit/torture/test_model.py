"""The money rules, as the model has them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.torture.model import Answer, Flags, Player

SECOND = 1_000_000


def player(**flags: Any) -> Player:
    made = Player({"p": Flags(**flags), "cashier": Flags()})
    made.do({"do": "deposit", "by": "cashier", "key": "opening", "amount": "100.00"}, 0)
    return made


def bet(key: str, amount: str = "10.00", round_: str = "r", **more: Any) -> dict[str, Any]:
    return {"do": "bet", "by": "p", "key": key, "round": round_, "amount": amount, "close": False, **more}


def win(key: str, amount: str = "5.00", ref: str = "", round_: str = "r", **more: Any) -> dict[str, Any]:
    return {"do": "win", "by": "p", "key": key, "round": round_, "amount": amount, "ref": ref, "close": False, **more}


def cancel(key: str, ref: str) -> dict[str, Any]:
    return {"do": "cancel", "by": "p", "key": key, "ref": ref}


def told(made: Player, *steps: dict[str, Any], at: int = 0) -> list[str]:
    return [made.do(step, at).outcome for step in steps]


def test_a_key_has_one_effect_and_other_content_is_a_conflict() -> None:
    made = player()
    assert told(made, bet("b"), bet("b", "10"), bet("b", "11.00")) == ["OK", "OK", "IDEMPOTENCY_CONFLICT"]
    assert made.cash == 90_00


def test_a_cancelled_bet_pays_no_win_and_a_won_bet_is_not_cancelled() -> None:
    made = player()
    assert told(made, bet("b"), cancel("x", "b"), win("w", ref="b")) == ["OK", "OK", "ALREADY_ROLLED_BACK"]
    assert told(made, bet("c"), win("v", ref="c"), cancel("y", "c")) == ["OK", "OK", "ALREADY_SETTLED"]
    assert made.cash == 95_00


def test_a_cancel_that_comes_first_buries_its_bet() -> None:
    made = player()
    assert [line.kind for line in made.do(cancel("x", "b"), 0).lines] == ["cancel", "bet"]
    assert told(made, bet("b"), cancel("y", "b")) == ["ALREADY_ROLLED_BACK", "TOMBSTONED"]


@pytest.mark.parametrize(("late_us", "outcome"), [(2 * SECOND - 1, "OK"), (2 * SECOND, "ROUND_CLOSED")])
def test_a_late_win_is_paid_within_its_window(late_us: int, outcome: str) -> None:
    made = player(late_win_window_us=2 * SECOND)
    made.do(bet("b", close=True), 0)
    assert told(made, win("w"), at=late_us) == [outcome]


def test_a_message_is_all_or_nothing() -> None:
    made = player()
    answers = made.message([bet("b"), win("w", ref="b"), win("v", ref="never")], 0)
    assert [answer.outcome for answer in answers] == ["NOT_APPLIED", "NOT_APPLIED", "ORIGINAL_NOT_FOUND"]
    assert made.cash == 100_00
    assert told(made, bet("b")) == ["NOT_APPLIED"]
    assert [answer.outcome for answer in made.message([bet("c"), win("u", ref="c")], 0)] == ["OK", "OK"]
    assert made.cash == 95_00


def test_a_hold_is_captured_in_parts_and_ends_once() -> None:
    made = player()
    hold = {"do": "hold", "by": "cashier", "key": "h", "amount": "30.00", "seconds": 1}
    capture = {"do": "capture", "by": "cashier", "ref": "h"}
    assert told(made, hold, {**capture, "key": "c1", "amount": "10.00"}) == ["OK", "OK"]
    assert told(made, {**capture, "key": "c2", "amount": "20.01"}) == ["HOLD_EXCEEDED"]
    assert told(made, {**capture, "key": "c3", "amount": None}, at=SECOND) == ["HOLD_ENDED"]
    assert made.do({"do": "expire", "by": "cashier", "key": "h"}, SECOND).outcome == "OK"
    assert (made.cash, made.held, made.holds["cashier", "h"].state) == (90_00, 0, "EXPIRED")


def test_limits_come_before_funds_and_winnings_save_nothing_up() -> None:
    made = player()
    made.do({"do": "set_limit", "by": "cashier", "key": "l", "limit": "loss", "amount": "15.00"}, 0)
    assert told(made, bet("b"), bet("c"), win("w", "50.00", ref="b")) == ["OK", "LIMIT_EXCEEDED", "OK"]
    assert told(made, bet("d", "15.01"), bet("e", "15.00"), bet("f", "500.00")) == [
        "LIMIT_EXCEEDED",
        "OK",
        "LIMIT_EXCEEDED",
    ]


def test_everything_sums_to_zero() -> None:
    made = player()
    answers: list[Answer] = [made.do(step, 0) for step in (bet("b"), bet("c"), win("w"), cancel("x", "c"))]
    assert {answer.outcome for answer in answers} == {"OK", "ALREADY_SETTLED"}
    assert sum(made.balances.values()) == 0
