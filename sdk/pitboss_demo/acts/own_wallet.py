"""The wallet of the licensee that keeps its players' money itself dies while results are due, and comes back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from mesh.dev.stack import Stack
from pitboss_demo.cast import OWN_WALLET
from pitboss_demo.checks import Check, Step, all_of
from pitboss_demo.house import Guest, House
from pitboss_demo.own_wallet import OwnWallet, until

NAME: Final = "a licensee's own wallet dies and comes back, and nothing is lost"
RECORD: Final = "the record of the licensee with its own wallet equals our ledger to the cent"
_STAKE: Final = "1.00"
_MOST_TOLD: Final = 3

_WAITING: Final = "SELECT shard, sequence, attempts, last_error FROM pending_call ORDER BY shard, sequence"

Answers = Mapping[str, dict[str, Any]]
"""What each studio believes about one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """Two players at each studio: the law wants time between two bets of one player."""

    early: Mapping[str, Guest]
    late: Mapping[str, Guest]


async def play(house: House, seats: Awaitable[Guests]) -> list[Check]:
    """Bets, a dead wallet, wins that wait and bets that are refused, and bets as before: at every studio."""
    guests, wallet = await seats, house.seamless.wallet
    before = await _bets(guests.early, "first")
    await asyncio.to_thread(wallet.kill)
    house.tell(f"kill -9 the own wallet of {OWN_WALLET}; results are due")
    try:
        during = await _wins(guests.early, "first", "2.50")
        refused = await _bets(guests.late, "second")
    finally:
        # Whatever became of the act, others wait for it too.
        await asyncio.to_thread(wallet.start)
    house.tell(f"the own wallet of {OWN_WALLET} is back")
    await asyncio.to_thread(until, lambda: _paid(wallet, guests.early))
    after = await _bets(guests.late, "third")
    last = await _wins(guests.late, "third", "0.30")
    return [
        all_of(
            NAME,
            [
                _accepted("bets taken by its wallet", before),
                _accepted("wins accepted while it was dead", during),
                Step(what="no bet accepted while it was dead", ok=not any(map(_is_accepted, refused.values()))),
                _accepted("bets when it was back", after),
                _accepted("wins when it was back", last),
            ],
        )
    ]


async def seat(house: House) -> Guests:
    """Launch the games, which needs nothing of what is broken later."""

    async def at_each(time: str) -> dict[str, Guest]:
        names = list(house.games)
        made = [house.guest(f"keeper-{time}-{name}", licensee=OWN_WALLET, provider=name) for name in names]
        return dict(zip(names, await asyncio.gather(*made), strict=True))

    return Guests(early=await at_each("early"), late=await at_each("late"))


async def _bets(guests: Mapping[str, Guest], name: str) -> Answers:
    calls = [guest.studio.bet(guest.launch.launch_url, name, _STAKE) for guest in guests.values()]
    return dict(zip(guests, await asyncio.gather(*calls), strict=True))


async def _wins(guests: Mapping[str, Guest], name: str, amount: str) -> Answers:
    calls = [guest.studio.win(guest.launch.launch_url, name, _STAKE, amount) for guest in guests.values()]
    return dict(zip(guests, await asyncio.gather(*calls), strict=True))


def _is_accepted(answer: Mapping[str, Any]) -> bool:
    return bool(answer["belief"] == "accepted")


def _accepted(what: str, answers: Answers) -> Step:
    others = [f"{name} {answer['belief']}" for name, answer in answers.items() if not _is_accepted(answer)]
    return Step(
        what=f"{len(answers)} {what}" + "".join(f", {each}" for each in others), ok=bool(answers) and not others
    )


def _paid(wallet: OwnWallet, guests: Mapping[str, Guest]) -> bool:
    players = {guest.name for guest in guests.values()}
    return players <= {answer["player"] for answer in wallet.record() if answer["method"] == "credit"}


async def compare(house: House) -> Check:
    """Both records beside each other, when nothing is on the way between them."""
    stack, wallet = house.stack, house.seamless.wallet
    try:
        await asyncio.to_thread(until, lambda: not _rows(stack, _WAITING))
    except TimeoutError:
        waiting = await asyncio.to_thread(_rows, stack, _WAITING)
        told = [f"{shard}-{sequence} after {attempts} attempts {error}" for shard, sequence, attempts, error in waiting]
        return Check(name=RECORD, ok=False, detail=f"still on the way: {', '.join(told[:_MOST_TOLD])}")
    theirs, ours = await asyncio.to_thread(wallet.record), await asyncio.to_thread(_ledger, stack)
    return judge(sums(theirs), ours, len(theirs))


def sums(answers: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """What a wallet has moved, in cents, by player."""
    found = Counter[str]()
    for answer in answers:
        found[answer["player"]] += answer["moved_minor"]
    return {player: cents for player, cents in found.items() if cents}


def judge(theirs: Mapping[str, int], ours: Mapping[str, int], answers: int) -> Check:
    """Every player's sum is the same on both sides."""
    wrong = sorted(name for name in {*theirs, *ours} if theirs.get(name, 0) != ours.get(name, 0))
    told = f"{answers:,} answers there, {len(ours)} players, {sum(theirs.values()) / 100:.2f} moved, the same here"
    if wrong:
        told = "; ".join(
            f"{name}: {theirs.get(name, 0)} there, {ours.get(name, 0)} here" for name in wrong[:_MOST_TOLD]
        )
    return Check(name=RECORD, ok=bool(ours) and not wrong, detail=told)


def _ledger(stack: Stack) -> dict[str, int]:
    """What went to the licensee's wallet less what came from it, in cents, by player."""
    asked = (
        "SELECT player.name, sum(CASE transfer.kind WHEN 65 THEN moved ELSE -moved END) / 10000 "
        "FROM transfer JOIN player ON player.id = transfer.player_id "
        "WHERE transfer.kind IN (64, 65) AND moved IS NOT NULL GROUP BY player.name"
    )
    return {name: int(cents) for name, cents in _rows(stack, asked) if cents}


def _rows(stack: Stack, statement: str) -> list[tuple[Any, ...]]:
    url = stack.mesh["postgres"]["databases"]["wallet_svc"]["reader_url"]
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()
