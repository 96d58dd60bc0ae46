"""The stream of changes of a licensee's sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from session_svc.app.bell import Bell
from session_svc.app.upkeep import persistently
from session_svc.ports import Changes, SessionChange

_PAGE = 200


class Watching:
    """Follows changes for any number of streams, with one look at the heads for all of them."""

    def __init__(self, changes: Changes, *, interval_s: float) -> None:
        self._changes = changes
        self._interval_s = interval_s
        self._heads: dict[str, int] = {}
        self._looked = Bell()
        self._watchers = 0
        self._wanted = asyncio.Event()

    async def watch(self, licensee: str, cursor: int, *, player_id: str) -> AsyncGenerator[SessionChange, None]:
        """Every change after a cursor, for ever."""
        while True:
            # The head is read first: what comes after it is seen at the next look.
            head = (await self._changes.heads()).get(licensee, 0)
            more = True
            while more:
                changes = await self._changes.after(licensee, cursor, player_id=player_id, limit=_PAGE)
                for change in changes:
                    yield change
                    cursor = change.cursor
                more = len(changes) == _PAGE
            cursor = max(cursor, head)
            await self._moved(licensee, beyond=cursor)

    async def look(self) -> None:
        """Look once for new changes, as soon as somebody waits for them."""
        await self._wanted.wait()
        self._heads = await self._changes.heads()
        self._looked.ring()

    async def run(self) -> None:
        """Look again and again until cancelled."""
        await persistently("session changes", self.look, pause_s=self._interval_s)

    async def _moved(self, licensee: str, *, beyond: int) -> None:
        self._watchers += 1
        self._wanted.set()
        try:
            while self._heads.get(licensee, 0) <= beyond:
                await self._looked.wait()
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._wanted.clear()
