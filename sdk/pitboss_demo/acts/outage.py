"""One studio's API goes down for a while."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from pitboss_demo.cast import GAMES
from pitboss_demo.checks import Check, Step, all_of
from pitboss_demo.house import House, refused
from pitboss_sdk.errors import GameNotAvailableError

NAME: Final = "hidden and restored games"
DOWN, OTHER = "hub88_style", "pragmatic_style"
HIDDEN_WITHIN_S: Final = 1.0
BACK_WITHIN_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.03


async def play(house: House) -> list[Check]:
    """Down, look, up, look."""
    before = await house.studios[OTHER].progress()
    await house.studios[DOWN].down()
    house.tell(f"{DOWN}: its API is down")
    hidden_s = await _until(house, visible=False, limit_s=10)
    house.tell(f"{DOWN}: its games were hidden after {hidden_s:.2f} s")
    seen = [Step(what=f"hidden after {hidden_s:.2f} s", ok=hidden_s <= HIDDEN_WITHIN_S), *await _while_down(house)]
    during = await house.studios[OTHER].progress()
    await house.studios[DOWN].up()
    back_s = await _until(house, visible=True, limit_s=15)
    house.tell(f"{DOWN}: back after {back_s:.2f} s; {OTHER} played on")
    seen += [
        Step(what=f"{OTHER} played {during.rounds - before.rounds} rounds meanwhile", ok=during.rounds > before.rounds),
        Step(what=f"back after {back_s:.2f} s", ok=back_s <= BACK_WITHIN_S),
    ]
    return [all_of(NAME, seen)]


async def _while_down(house: House) -> list[Step]:
    client = house.licensees["borealis"].client
    game = await client.get_game(DOWN, GAMES[DOWN, "live"][0])
    launch = client.create_session("payer-down", provider=DOWN, game_id=game.game_id, currency_code="EUR")
    others = await _games(house, OTHER)
    await asyncio.sleep(1.2)
    return [
        Step(what=f"a launch was refused ({game.unavailable_reason})", ok=await refused(GameNotAvailableError, launch)),
        Step(what=f"{OTHER} kept its {others} games", ok=others == _expected(OTHER)),
    ]


async def _until(house: House, *, visible: bool, limit_s: float) -> float:
    """Seconds until all games of the studio are shown, or none."""
    began, wanted = time.monotonic(), _expected(DOWN) if visible else 0
    while time.monotonic() - began < limit_s:
        if await _games(house, DOWN) == wanted:
            break
        await asyncio.sleep(_LOOK_EVERY_S)
    return time.monotonic() - began


async def _games(house: House, provider: str) -> int:
    client = house.licensees["aurora"].client
    found = [game async for game in client.list_games(provider=provider) if game.game_id in _known(provider)]
    return len(found)


def _known(provider: str) -> set[str]:
    return {game for (name, _), games in GAMES.items() for game in games if name == provider}


def _expected(provider: str) -> int:
    return len(_known(provider))
