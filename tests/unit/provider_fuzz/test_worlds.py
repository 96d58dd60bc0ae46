"""The worlds allow what the rules allow, in every order that could have been, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.provider_fuzz.worlds import MismatchError, Row, Worlds
from tests.torture.model import Flags
from tests.torture.model.answer import Step

P = "acme"


def bet(key: str, amount: str, round_: str = "r") -> Step:
    return {"do": "bet", "by": P, "key": key, "round": round_, "amount": amount}


def win(key: str, amount: str, ref: str, round_: str = "r") -> Step:
    return {"do": "win", "by": P, "key": key, "round": round_, "amount": amount, "ref": ref, "close": False}


def cancel(key: str, ref: str) -> Step:
    return {"do": "cancel", "by": P, "key": key, "round": "r", "ref": ref}


def says(outcome: str) -> Callable[[str], bool]:
    return lambda found: found == outcome


def row(kind: str, key: str, outcome: str, cents: int) -> Row:
    return Row(kind, key, outcome, Decimal(cents))


@pytest.fixture
def worlds() -> Worlds:
    return Worlds(P, Flags(), 1000)


def tell(worlds: Worlds, step: Step, outcome: str, *, unsure: bool = False) -> None:
    worlds.answered(worlds.sent(step), says(outcome), unsure=unsure)


def test_one_after_the_other_there_is_one_course(worlds: Worlds) -> None:
    tell(worlds, bet("b", "4.00"), "OK")
    tell(worlds, win("w", "1.00", "b"), "OK")
    tell(worlds, bet("b", "4.00"), "OK")
    rows = [row("bet", "b", "OK", -400), row("win", "w", "OK", 100)]
    assert worlds.ended(rows, Decimal(700)).player.cash == 700


def test_an_answer_that_the_rules_forbid_is_a_mismatch(worlds: Worlds) -> None:
    tell(worlds, bet("b", "4.00"), "OK")
    with pytest.raises(MismatchError, match="OK"):
        tell(worlds, cancel("x", "b"), "ALREADY_SETTLED")


def test_another_amount_under_a_key_is_a_conflict_and_nothing_else(worlds: Worlds) -> None:
    tell(worlds, bet("b", "4.00"), "OK")
    tell(worlds, bet("b", "4.01"), "IDEMPOTENCY_CONFLICT")
    with pytest.raises(MismatchError):
        tell(worlds, bet("b", "4.01"), "OK")


@pytest.mark.parametrize("loser", ["a", "b"])
def test_of_two_bets_at_once_either_may_be_refused(worlds: Worlds, loser: str) -> None:
    numbers = {key: worlds.sent(bet(key, "6.00")) for key in ("a", "b")}
    outcomes = {"a": "OK", "b": "OK", loser: "INSUFFICIENT_FUNDS"}
    for key, number in numbers.items():
        worlds.answered(number, says(outcomes[key]), unsure=False)


def test_of_two_bets_at_once_both_cannot_be_taken(worlds: Worlds) -> None:
    first, second = worlds.sent(bet("a", "6.00")), worlds.sent(bet("b", "6.00"))
    worlds.answered(first, says("OK"), unsure=False)
    with pytest.raises(MismatchError):
        worlds.answered(second, says("OK"), unsure=False)


@pytest.mark.parametrize(
    "rows",
    [
        [row("cancel", "x", "TOMBSTONED", 0), row("bet", "b", "ALREADY_ROLLED_BACK", 0)],
        [
            row("cancel", "x", "TOMBSTONED", 0),
            row("bet", "b", "ALREADY_ROLLED_BACK", 0),
            row("late_bet", "b", "ALREADY_ROLLED_BACK", 0),
        ],
    ],
)
def test_a_bet_that_nobody_waits_for_may_come_late_or_never(worlds: Worlds, rows: list[Row]) -> None:
    worlds.abandoned(worlds.sent(bet("b", "4.00")))
    tell(worlds, cancel("x", "b"), "TOMBSTONED")
    assert worlds.ended(rows, Decimal(1000)).rows == rows


def test_what_was_decided_before_an_answer_stays_before_what_came_later(worlds: Worlds) -> None:
    tell(worlds, bet("a", "1.00"), "OK")
    tell(worlds, bet("b", "1.00"), "OK")
    with pytest.raises(MismatchError, match="the ledger has"):
        worlds.ended([row("bet", "b", "OK", -100), row("bet", "a", "OK", -100)], Decimal(800))


def test_an_answer_that_may_mean_nothing_leaves_both_ways_open() -> None:
    for rows, cents in (([], 1000), ([row("bet", "b", "OK", -400)], 600)):
        worlds = Worlds(P, Flags(), 1000)
        tell(worlds, bet("b", "4.00"), "UNKNOWN", unsure=True)
        worlds.ended(rows, Decimal(cents))


def test_a_balance_that_the_entries_do_not_make_is_a_mismatch(worlds: Worlds) -> None:
    tell(worlds, bet("b", "4.00"), "OK")
    with pytest.raises(MismatchError, match="601"):
        worlds.ended([row("bet", "b", "OK", -400)], Decimal(601))
