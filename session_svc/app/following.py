"""Sessions that the law ends: the ledger says so in its feed.

All sessions of a player end by an exclusion or a break, with the account, by a confirmed hit of a screening and by an
identity that is not verified any more; a single one by a stake that does not fit what the player fixed for it, or that
comes after the player was away for too long. Stakes are refused by the ledger itself from that moment. Here the session
is ended too, so that licensees see it and why, and so that it cannot stake again when an exclusion is over.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial

from mesh import logs
from mesh.clock import Clock
from session_svc.app.upkeep import persistently
from session_svc.domain.states import PlayEnd
from session_svc.ports import FeedPage, LawRecord, Ledger, SessionCache

_log = logs.get("session_svc.following")

_RECONNECT_S = 0.05


class LawFollower:
    """Reads the ledger's feed, each shard from its own cursor."""

    def __init__(
        self,
        ledger: Ledger,
        record: LawRecord,
        cache: SessionCache,
        clock: Clock,
        *,
        remember_every: int = 10_000,
    ) -> None:
        self._ledger = ledger
        self._record = record
        self._cache = cache
        self._clock = clock
        self._remember_every = remember_every

    async def run(self) -> None:
        """Follow every shard until cancelled. Fails only while the shards are not known."""
        shards = await self._ledger.shards()
        async with asyncio.TaskGroup() as tasks:
            for shard in shards:
                work = partial(self.follow, shard)
                tasks.create_task(persistently(f"feed of shard {shard}", work, pause_s=_RECONNECT_S))

    async def follow(self, shard: int) -> None:
        """Read on from the cursor until the stream breaks."""
        remembered = await self._record.cursor(shard)
        async with aclosing(self._ledger.feed(shard, remembered)) as pages:
            async for page in pages:
                # Most pages are bets and wins: reading those again after a crash costs less than a write for each.
                if page.ends or page.last_sequence - remembered >= self._remember_every:
                    await self._handle(shard, page)
                    remembered = page.last_sequence

    async def _handle(self, shard: int, page: FeedPage) -> None:
        # A session that is named the ledger has ended itself.
        for end in page.ends:
            for session in () if end.session_id else await self._record.active_before(end):
                await self._ledger.end_play(session, PlayEnd.CLOSED)
        for session in await self._record.apply(shard, page, self._clock.now()):
            _log.info("session ended by the law", session_id=session.session_id, reason=session.end_reason)
            await self._cache.forget(session.token_digest)
