"""What will be played: decided by a seed before the first message is sent. Pure."""

import enum
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any


class Mishap(enum.StrEnum):
    """What goes wrong with one message."""

    NONE = "none"
    LOST_REPLY = "lost_reply"
    """The studio hangs up when the answer begins: it was decided, and the studio does not know."""
    LOST_REQUEST = "lost_request"
    """Bets: never sent, and the studio does not know that."""
    IMPATIENT = "impatient"
    """The studio hangs up after a few milliseconds: nobody knows what was decided."""
    DUPLICATE = "duplicate"
    """The same bytes twice, one after the other."""
    TWINS = "twins"
    """The same bytes twice, at the same time."""
    CANCEL_FIRST = "cancel_first"
    """Bets: the cancel arrives before the bet."""
    VOID = "void"
    """Bets: accepted, and then cancelled because the game broke."""


BET_MISHAPS = frozenset(Mishap)
WIN_MISHAPS = frozenset({Mishap.NONE, Mishap.LOST_REPLY, Mishap.IMPATIENT, Mishap.DUPLICATE, Mishap.TWINS})
CANCEL_MISHAPS = WIN_MISHAPS

MULTIPLES = (1, 2, 5, 20)
WEIGHTS = (55, 30, 12, 3)
"""Mean 2.35. Whole numbers, so that a win is never finer than its stake."""
WIN_CHANCE = 0.4
MOST_BETS = 3


class OrderError(ValueError):
    """The order to play makes no sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BetPlan:
    amount: Decimal
    mishap: Mishap
    cancel_mishap: Mishap
    pays: int
    """The win is the stake times this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPlan:
    number: int
    bets: tuple[BetPlan, ...]
    win_mishap: Mishap


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order to play, the same for every player in it."""

    rounds: int = 10
    seed: int = 1
    interval_s: float = 0.0
    """Least time between the answer to a round's last bet and the next round of the same player."""
    stakes: tuple[Decimal, ...] = (Decimal("0.20"), Decimal("0.50"), Decimal("1.00"))
    chaos: Mapping[Mishap, float] = field(default_factory=dict)
    """Probability of each mishap, for each message."""

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "Order":
        """From the JSON of a play command."""
        try:
            order = cls(
                rounds=_within(int(content.get("rounds", 10)), 0, 1_000_000),
                seed=int(content.get("seed", 1)),
                interval_s=_within(int(content.get("interval_ms", 0)), 0, 3_600_000) / 1000,
                stakes=tuple(Decimal(str(stake)) for stake in content.get("stakes", ())) or cls().stakes,
                chaos={Mishap(name): float(share) for name, share in content.get("chaos", {}).items()},
            )
        except (TypeError, ValueError, InvalidOperation, AttributeError) as error:
            raise OrderError(str(error)) from error
        if sum(order.chaos.values()) > 1 or any(share < 0 for share in order.chaos.values()):
            raise OrderError("probabilities of mishaps must be zero or more and at most 1 together")
        if any(not stake.is_finite() or stake < 0 for stake in order.stakes):
            raise OrderError("stakes must be zero or more")
        return order


def _within(value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        message = f"{value} is not within {least} and {most}"
        raise OrderError(message)
    return value


def plan_round(order: Order, user: str, number: int, *, several_bets: bool) -> RoundPlan:
    """One round of one player. The same order always gives the same plan."""
    dice = random.Random(f"{order.seed}/{user}/{number}")  # noqa: S311 - must repeat, not surprise
    count = dice.randint(1, MOST_BETS) if several_bets else 1
    return RoundPlan(
        number=number,
        bets=tuple(_plan_bet(dice, order) for _ in range(count)),
        win_mishap=_mishap(dice, order.chaos, WIN_MISHAPS),
    )


def _plan_bet(dice: random.Random, order: Order) -> BetPlan:
    return BetPlan(
        amount=dice.choice(order.stakes),
        mishap=_mishap(dice, order.chaos, BET_MISHAPS),
        cancel_mishap=_mishap(dice, order.chaos, CANCEL_MISHAPS),
        pays=dice.choices(MULTIPLES, WEIGHTS)[0] if dice.random() < WIN_CHANCE else 0,
    )


def _mishap(
    dice: random.Random, chaos: Mapping[Mishap, float], possible: Sequence[Mishap] | frozenset[Mishap]
) -> Mishap:
    roll = dice.random()
    for mishap in Mishap:
        share = chaos.get(mishap, 0.0)
        if roll < share:
            return mishap if mishap in possible else Mishap.NONE
        roll -= share
    return Mishap.NONE
