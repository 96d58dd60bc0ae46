"""Waking everybody who waits for news."""

from __future__ import annotations

import asyncio


class Bell:
    """Rung when something changed. Nobody who waits misses a ring; nobody who does not wait costs anything."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits now."""
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()

    async def wait(self) -> None:
        """Return at the next ring."""
        await self._rung.wait()
