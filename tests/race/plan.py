"""Who bets how often and from where, by the seed alone."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

LICENSEE, PROVIDER, GAME = "race", "acme", "table-1"
_MARKETS = {
    "gb": ("GBP", ("24h", "7d", "1mo")),
    "ca-on": ("CAD", ("24h", "7d", "1mo")),
    "mt": ("EUR", ("24h", "7d", "30d")),
    "base": ("EUR", ("24h", "7d", "30d")),
}
"""Markets with rolling windows: a calendar window would begin anew in a race at midnight."""
_EXCLUDED = 0.25
_TERMS = {"gb": "6mo", "ca-on": "6mo", "mt": "6mo", "base": "6mo"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One player. Amounts in hundredths."""

    player: str
    pack: str
    currency: str
    kind: str
    window: str
    stake: int
    room: int
    """How many of the bets the limit has headroom for."""
    limit: int
    bets: int
    excluded: bool
    """One process excludes the player in the midst of the bets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The seats, and what each process sends, in order."""

    seats: tuple[Seat, ...]
    tasks: tuple[list[dict[str, Any]], ...]


def make(seed: int, *, players: int, processes: int, bets: int) -> Plan:
    """A plan. The bets of each player are spread over all processes, in any order."""
    random = Random(f"race/{seed}")
    seats = tuple(_seat(random, f"racer-{seed}-{number}", bets) for number in range(players))
    tasks: tuple[list[dict[str, Any]], ...] = tuple([] for _ in range(processes))
    for seat in seats:
        for number in range(seat.bets):
            tasks[number % processes].append(_task(random, seat, f"b{number}", "bet"))
    for process in tasks:
        random.shuffle(process)
    for seat in seats:
        if seat.excluded:
            process = random.choice(tasks)
            process.insert(random.randint(0, len(process)), _task(random, seat, "out", "exclude"))
    return Plan(seats=seats, tasks=tasks)


def _seat(random: Random, player: str, bets: int) -> Seat:
    pack = random.choice(list(_MARKETS))
    currency, windows = _MARKETS[pack]
    stake, room = random.randint(1, 500), random.randint(1, bets - 1)
    return Seat(
        player=player,
        pack=pack,
        currency=currency,
        kind=random.choice(("loss", "wager")),
        window=random.choice(windows),
        stake=stake,
        room=room,
        # Not enough for one more, and mostly not just enough for these.
        limit=stake * room + random.randrange(stake),
        bets=bets,
        excluded=random.random() < _EXCLUDED,
    )


def _task(random: Random, seat: Seat, key: str, what: str) -> dict[str, Any]:
    return {
        "what": what,
        "player": seat.player,
        "currency": seat.currency,
        "key": key,
        "amount": seat.stake,
        "term": _TERMS[seat.pack],
        # To which wallet it goes, where it is sent again, and whether that waits for the first answer.
        "nodes": [random.randrange(2), random.randrange(2)],
        "together": random.random() < 0.5,
    }
