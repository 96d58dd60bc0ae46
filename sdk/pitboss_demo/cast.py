"""Who plays what. Decided before the first message is sent, and always the same for the same seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from pitboss_sdk import Category

GB_SLOT_MS: Final = 2_500
GB_TABLE_MS: Final = 5_000
BASE_MS: Final = 5_000
"""The least time between two game cycles, by law. Live games have none."""

LIVE_MS: Final = 1_000
"""A pause between live rounds, so that they last as long as the others and two cores are enough for all of it."""

OWN_WALLET: Final = "cygnus"
"""The licensee that keeps its players' money in a wallet of its own."""

CURRENCIES: Final[Mapping[str, str]] = {"aurora": "GBP", "borealis": "EUR", OWN_WALLET: "EUR"}

CHAOS: Final[Mapping[str, float]] = {
    "lost_reply": 0.02,
    "lost_request": 0.01,
    "impatient": 0.01,
    "duplicate": 0.02,
    "twins": 0.02,
    "cancel_first": 0.02,
    "void": 0.01,
}
"""What goes wrong with messages, and how often."""

Games = Mapping[str, Mapping[Category, tuple[str, ...]]]
"""Ids of the games on offer, by provider and category."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Players who play the same way."""

    name: str
    licensee: str
    provider: str
    games: tuple[str, ...]
    players: int
    rounds: int
    interval_ms: int
    stakes: tuple[str, ...] = ("0.20", "0.50", "1.00")
    deposit: Decimal = Decimal(50)
    ages: tuple[int, int] = (26, 70)
    chaos: Mapping[str, float] = field(default_factory=lambda: CHAOS)

    def order(self, launches: Sequence[str], seed: int) -> dict[str, Any]:
        """What the studio is told to play."""
        return {
            "players": list(launches),
            "rounds": self.rounds,
            "seed": seed,
            "interval_ms": self.interval_ms,
            "stakes": list(self.stakes),
            "chaos": dict(self.chaos),
            "play_id": self.name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """One player of a group."""

    player_id: str
    group: Group
    game_id: str
    born_on: date


def quickest(games: Mapping[Category, tuple[str, ...]]) -> Category:
    """The category in which a round may follow the last one soonest."""
    return next(category for category in (Category.LIVE, Category.SLOT, Category.TABLE) if category in games)


def groups(games: Games, scale: float = 1.0) -> tuple[Group, ...]:
    """Everybody. `scale` changes the number of players."""
    return tuple(group for provider in sorted(games) for group in _at(provider, games[provider], scale))


def _at(provider: str, games: Mapping[Category, tuple[str, ...]], scale: float) -> Iterator[Group]:
    def group(licensee: str, category: Category, players: int, rounds: int, interval_ms: int, **more: Any) -> Group:  # noqa: ANN401
        style = more.pop("style", category.name.lower())
        return Group(
            name=f"{licensee}-{style}-{provider.partition('_')[0]}",
            licensee=licensee,
            provider=provider,
            games=games[category],
            players=max(1, round(players * scale)),
            rounds=rounds,
            interval_ms=interval_ms,
            **more,
        )

    if Category.SLOT in games:
        yield group("aurora", Category.SLOT, 10, 9, GB_SLOT_MS, stakes=("0.20", "1.00", "2.00"))
        # Below 25 the law caps a spin at 2.00: some of these stakes are refused.
        yield group("aurora", Category.SLOT, 2, 9, GB_SLOT_MS, style="young", stakes=("1.00", "5.00"), ages=(19, 24))
        yield group("borealis", Category.SLOT, 6, 5, BASE_MS)
    if Category.TABLE in games:
        yield group("aurora", Category.TABLE, 1, 4, GB_TABLE_MS)
    if Category.LIVE in games:
        yield group("aurora", Category.LIVE, 5, 20, LIVE_MS)
        yield group("borealis", Category.LIVE, 4, 20, LIVE_MS)
        # Their money does not last.
        yield group("borealis", Category.LIVE, 1, 20, LIVE_MS, style="poor", stakes=("1.00",), deposit=Decimal(3))
        # Fewer: they wait for their licensee's wallet while it is down, and everybody waits for them.
        yield group(OWN_WALLET, Category.LIVE, 2, 15, LIVE_MS)
    else:
        yield group(OWN_WALLET, quickest(games), 2, 5, BASE_MS)


def cast(everybody: Sequence[Group], seed: int, today: date) -> tuple[Player, ...]:
    """The players of all groups."""
    return tuple(_player(group, number, seed, today) for group in everybody for number in range(1, group.players + 1))


def _player(group: Group, number: int, seed: int, today: date) -> Player:
    player_id = f"{group.name}-{number:03d}"
    dice = random.Random(f"{seed}/{player_id}")  # noqa: S311 - must repeat, not surprise
    born = date(today.year - dice.randint(*group.ages) - 1, dice.randint(1, 12), dice.randint(1, 28))
    return Player(player_id=player_id, group=group, game_id=dice.choice(group.games), born_on=born)
