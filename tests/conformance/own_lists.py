"""F and G with a licensee that keeps its players' money: lists, corrections of them by failures, and the ends of rounds."""

from __future__ import annotations

import asyncio

from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.studio.ports import Act
from tests.conformance.own_cases import UNDONE, cents, own_case
from tests.conformance.own_wallet import OwnStage, until
from tests.conformance.stage import FailedError, Player

_LISTS = (Capability.ROLLBACK_LIST,)


async def _won(stage: OwnStage, who: Player) -> tuple[Act, Act, int]:
    """A bet and its win, in the licensee's books, and the cents that both moved."""
    stake, prize = stage.amount(), stage.amount()
    bet = stage.bet(who, stake)
    win = stage.win(bet, prize)
    await stage.tell(who, bet, "OK")
    await stage.tell(who, win, "OK")
    moved = cents(prize) - cents(stake)
    await stage.settled_at(who, moved)
    return bet, win, moved


@own_case("F10b", "a list undoes a bet and its win at the licensee in one booking, or in none", needs=_LISTS)
async def listed(stage: OwnStage) -> None:
    who = await stage.player()
    bet, win, moved = await _won(stage, who)
    await stage.tell(who, stage.rollback(bet, win), "OK")
    await stage.settled_at(who, 0)
    if (booked := [cents_ for _, _, cents_ in stage.own.record(who.launched.player)][2:]) != [-moved] * (moved != 0):
        raise FailedError(f"the licensee booked {booked} for a list about {moved}")


@own_case("F10c", "the licensee's answer to a list is lost: the list stands whole, or is refused whole", needs=_LISTS)
async def listed_and_lost(stage: OwnStage) -> None:
    who = await stage.player()
    bet, win, moved = await _won(stage, who)
    await stage.own.fault("after", count=1)
    outcome = await stage.tell(who, stage.rollback(bet, win), "OK", *UNDONE)
    await stage.own.fault("none")
    await stage.settled_at(who, 0 if outcome == "OK" else moved)


@own_case(
    "F11b", "a list of stakes undoes each of them at the licensee, and what it never saw never comes", needs=_LISTS
)
async def listed_stakes(stage: OwnStage) -> None:
    who = await stage.player()
    bets = [stage.bet(who, stage.amount(), name, round_name=name) for name in ("b1", "b2")]
    for bet in bets:
        await stage.tell(who, bet, "OK")
    late = stage.bet(who, stage.amount(), "late", round_name="late")
    await stage.tell(who, stage.rollback(*bets, late), "OK")
    await stage.settled_at(who, 0)
    await stage.tell(who, late, "ALREADY_ROLLED_BACK")
    await stage.settled_at(who, 0)


@own_case(
    "G02b", "the licensee hears of the end of a round, also when it could not be told", needs=(Capability.CLOSE_ROUND,)
)
async def ended(stage: OwnStage) -> None:
    who = await stage.player()
    player, stake = who.launched.player, stage.amount()
    bet = stage.bet(who, stake)
    await stage.tell(who, bet, "OK")
    await stage.own.fault("before")
    await stage.send(stage.closing(who, bet))
    await until(lambda: max(stage.own.attempts(player), default=0) > 1, "a second attempt to tell it")
    await stage.own.fault("none")
    await stage.settled_at(who, -cents(stake))
    rounds = await asyncio.to_thread(lambda: stage.own.wallet.control("rounds")["ended"])
    if len([one for one in rounds if one["player"] == player]) != 1:
        raise FailedError(f"the licensee heard of {rounds}")
