"""What can be played tonight, as the licensees see it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from pitboss_demo.cast import CURRENCIES, Games
from pitboss_sdk import AsyncClient, Category, Game

_PATIENCE_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.05


async def on_offer(client: AsyncClient, providers: Collection[str]) -> Games:
    """The games of all providers, as soon as each of them shows some. TimeoutError if one never does."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            seen = [game async for game in client.list_games()]
            if {game.provider for game in seen} >= set(providers):
                return by_category(seen)
            await asyncio.sleep(_LOOK_EVERY_S)


def by_category(seen: Iterable[Game]) -> Games:
    """The games that every licensee of the demo can play, in the order of their ids."""
    found: dict[str, dict[Category, list[str]]] = defaultdict(lambda: defaultdict(list))
    wanted = set(CURRENCIES.values())
    for game in sorted(seen, key=lambda each: each.game_id):
        if not game.currency_codes or wanted <= set(game.currency_codes):
            found[game.provider][game.category].append(game.game_id)
    return {
        provider: {category: tuple(ids) for category, ids in games.items()} for provider, games in sorted(found.items())
    }
