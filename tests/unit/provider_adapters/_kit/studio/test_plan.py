from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from provider_adapters._kit.studio.plan import Mishap, Order, OrderError, plan_round

CHAOS = {Mishap.LOST_REPLY: 0.3, Mishap.CANCEL_FIRST: 0.3, Mishap.TWINS: 0.3}


def test_the_same_order_gives_the_same_round() -> None:
    order = Order(seed=7, chaos=CHAOS)
    assert [plan_round(order, "a.p", n, several_bets=True) for n in range(50)] == [
        plan_round(order, "a.p", n, several_bets=True) for n in range(50)
    ]


def test_another_seed_or_player_gives_other_rounds() -> None:
    def rounds(seed: int, user: str) -> list[Any]:
        return [plan_round(Order(seed=seed), user, n, several_bets=True) for n in range(20)]

    assert rounds(1, "a.p") != rounds(2, "a.p")
    assert rounds(1, "a.p") != rounds(1, "a.q")


def test_a_slot_has_one_bet_and_a_table_up_to_three() -> None:
    def sizes(*, several: bool) -> set[int]:
        return {len(plan_round(Order(), "a.p", n, several_bets=several).bets) for n in range(200)}

    assert (sizes(several=False), sizes(several=True)) == ({1}, {1, 2, 3})


def test_mishaps_come_about_as_often_as_asked_for() -> None:
    order = Order(chaos={Mishap.LOST_REPLY: 0.25})
    bets = [plan_round(order, "a.p", n, several_bets=False).bets[0].mishap for n in range(2000)]
    assert set(bets) == {Mishap.NONE, Mishap.LOST_REPLY}
    assert 400 < bets.count(Mishap.LOST_REPLY) < 600


def test_wins_and_cancels_get_only_mishaps_that_they_can_have() -> None:
    order = Order(chaos={Mishap.CANCEL_FIRST: 0.5, Mishap.VOID: 0.5})
    plans = [plan_round(order, "a.p", n, several_bets=False) for n in range(50)]
    assert {plan.win_mishap for plan in plans} == {Mishap.NONE}
    assert {bet.cancel_mishap for plan in plans for bet in plan.bets} == {Mishap.NONE}


def test_an_order_is_read_exactly() -> None:
    order = Order.read({"rounds": 5, "seed": 3, "interval_ms": 2500, "stakes": ["0.10", 2], "chaos": {"void": 0.5}})
    assert (order.rounds, order.seed, order.interval_s) == (5, 3, 2.5)
    assert order.stakes == (Decimal("0.10"), Decimal(2))
    assert order.chaos == {Mishap.VOID: 0.5}
    assert Order.read({}).stakes


@pytest.mark.parametrize(
    "content",
    [
        {"rounds": -1},
        {"rounds": "many"},
        {"stakes": ["-1"]},
        {"stakes": ["NaN"]},
        {"stakes": 5},
        {"chaos": {"earthquake": 0.1}},
        {"chaos": {"void": 0.6, "twins": 0.6}},
        {"chaos": {"void": -0.1}},
        {"chaos": []},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(OrderError):
        Order.read(content)
