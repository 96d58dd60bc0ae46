"""Waiting for what happens soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from pitboss_sdk import Client


async def eventually(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Return once the condition holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def until(done: Callable[[], object], what: str, *, patience_s: float = 60.0) -> None:
    """Return once it is done, for programs without a loop. TimeoutError names what was waited for."""
    end = time.monotonic() + patience_s
    while not done():
        if time.monotonic() > end:
            message = f"waited in vain: {what}"
            raise TimeoutError(message)
        time.sleep(0.1)


def until_offered(client: Client, provider: str, game_id: str) -> None:
    """Return once a game can be launched: a mesh that has just started may still be fetching its providers' games."""
    until(lambda: game_id in {game.game_id for game in client.list_games(provider=provider)}, f"{game_id} is offered")
