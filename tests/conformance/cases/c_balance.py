"""C: balances, which are shown and never decide anything."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from provider_adapters._kit.studio.ports import Act, ActKind, AsksTogether, Seat
from provider_adapters._kit.studio.scenarios import PAUSES_S
from tests.conformance.case import case
from tests.conformance.stage import FailedError, Player, SkippedError, Stage


async def _shown(stage: Stage, who: Player) -> Decimal | None:
    act = Act(kind=ActKind.BALANCE, seat=who.seat, game_id=who.seat.game_id)
    return (await stage.say(who, act, "OK")).balance


@case("C01", "the balance on the wire is that of the ledger, before and after a bet")
async def equal(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    if await _shown(stage, who) != Decimal("100.00"):
        raise FailedError("before the bet")
    await stage.say(who, stage.bet(who, stake), "OK", moved=-stake)
    act = Act(kind=ActKind.BALANCE, seat=who.seat, game_id=who.seat.game_id)
    found = (await stage.decided(act)).balance
    if found != Decimal("100.00") - stake:
        raise FailedError(f"after the bet: {found}")


@case("C02", "more digits than the wire has are left out of the balance, and never rounded up")
async def precision(stage: Stage) -> None:
    who = await stage.player(money="1.999999")
    places = min(stage.provider.manifest.decimals, 6)
    wanted = Decimal("1.999999"[: 2 + places])
    found = await _shown(stage, who)
    if found != wanted:
        raise FailedError(f"{found} instead of {wanted}")


@case("C04", "a blocked player's balance is still shown")
async def blocked(stage: Stage) -> None:
    who = await stage.player()
    await stage.block(who)
    if await _shown(stage, who) != Decimal("100.00"):
        raise FailedError("not shown")


async def _told(stage: Stage, studio: AsksTogether, seats: Sequence[Seat]) -> Mapping[str, Decimal]:
    """Balances, asked for until there are any: a busy machine tells none."""
    for pause_s in (*PAUSES_S, 0):
        if found := studio.read_balances(await stage.post(studio.write_balances(seats))):
            break
        await asyncio.sleep(pause_s)
    return found


@case("C06", "the balances of several players are asked for at once, and somebody nobody knows spoils the whole answer")
async def together(stage: Stage) -> None:
    studio = stage.studio
    if not isinstance(studio, AsksTogether):
        raise SkippedError("the dialect asks for one player's balance at a time")
    one, other = await stage.player(money="12.34"), await stage.player(money="0.50")
    seats = [one.seat, other.seat]
    found = await _told(stage, studio, seats)
    if found != {one.seat.user: Decimal("12.34"), other.seat.user: Decimal("0.50")}:
        raise FailedError(f"{found}")
    nobody = replace(one.seat, user=f"{stage.office.licensee}.nobody-at-all")
    for strange in ([one.seat, nobody], []):
        if found := studio.read_balances(await stage.post(studio.write_balances(strange))):
            raise FailedError(f"{found} was told about {len(strange)} players")
