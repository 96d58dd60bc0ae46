"""One studio's API goes down for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from pitboss_demo.checks import Check, Step, all_of
from pitboss_demo.house import House, refused
from pitboss_sdk.errors import GameNotAvailableError

NAME: Final = "hidden and restored games"
DOWN: Final = "hub88_style"
BACK_WITHIN_S: Final = 5.0
PLAYED_WITHIN_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.03


async def play(house: House) -> list[Check]:
    """Down, look, up, look."""
    await _under_way(house)
    before = await _rounds_of_others(house)
    await house.studios[DOWN].down()
    house.tell(f"{DOWN}: its API is down")
    hidden_s = await _until(house, visible=False, limit_s=15)
    house.tell(f"{DOWN}: its games were hidden after {hidden_s:.2f} s")
    seen = [
        Step(what=f"hidden after {hidden_s:.2f} s", ok=hidden_s <= house.hidden_within_s),
        *await _while_down(house),
    ]
    played = await _played(house, before)
    await house.studios[DOWN].up()
    back_s = await _until(house, visible=True, limit_s=15)
    house.tell(f"{DOWN}: back after {back_s:.2f} s; the others played on")
    seen += [
        Step(what=f"the others played {played} rounds meanwhile", ok=played > 0),
        Step(what=f"back after {back_s:.2f} s", ok=back_s <= BACK_WITHIN_S),
    ]
    return [all_of(NAME, seen)]


async def _under_way(house: House) -> None:
    """Wait until every studio has played something: with it down before, nobody would be disturbed."""
    end = time.monotonic() + PLAYED_WITHIN_S
    while time.monotonic() < end:
        progress = await asyncio.gather(*(studio.progress() for studio in house.studios.values()))
        if all(each.rounds for each in progress):
            return
        await asyncio.sleep(_LOOK_EVERY_S)


async def _while_down(house: House) -> list[Step]:
    client = house.licensees["borealis"].client
    game = await client.get_game(DOWN, house.game(DOWN))
    launch = client.create_session("payer-down", provider=DOWN, game_id=game.game_id, currency_code="EUR")
    others = _others(house)
    shown = await _shown(house, others)
    return [
        Step(what=f"a launch was refused ({game.unavailable_reason})", ok=await refused(GameNotAvailableError, launch)),
        Step(what=f"the {len(others)} others kept their {len(shown)} games", ok=shown == _known(house, others)),
    ]


async def _until(house: House, *, visible: bool, limit_s: float) -> float:
    """Seconds until all games of the studio are shown, or none."""
    began, wanted = time.monotonic(), _known(house, [DOWN]) if visible else set()
    while time.monotonic() - began < limit_s:
        if await _shown(house, [DOWN]) == wanted:
            break
        await asyncio.sleep(_LOOK_EVERY_S)
    return time.monotonic() - began


def _others(house: House) -> list[str]:
    return [name for name in house.games if name != DOWN]


async def _rounds_of_others(house: House) -> int:
    progress = await asyncio.gather(*(house.studios[name].progress() for name in _others(house)))
    return sum(each.rounds for each in progress)


async def _played(house: House, before: int) -> int:
    """Rounds of the others since then, as soon as there are some."""
    end = time.monotonic() + PLAYED_WITHIN_S
    while (played := await _rounds_of_others(house) - before) <= 0 and time.monotonic() < end:
        await asyncio.sleep(_LOOK_EVERY_S)
    return played


async def _shown(house: House, providers: Iterable[str]) -> set[tuple[str, str]]:
    """Provider and id of each known game that is on offer now."""
    known, client, found = _known(house, providers), house.licensees["aurora"].client, set()
    for provider in providers:
        found |= {(provider, game.game_id) async for game in client.list_games(provider=provider)}
    return found & known


def _known(house: House, providers: Iterable[str]) -> set[tuple[str, str]]:
    return {(provider, game) for provider in providers for games in house.games[provider].values() for game in games}
