"""Tells rounds: reads the events that are in the log, and gives their records to whoever writes the log.

The log is its own source here. Its entries never change, so the same position always gives the same records, and the
position is written with them: a round has one record, whoever is killed where.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from audit_svc.domain import Opened, Span
from audit_svc.domain.rounds import Event, Facts, Name, drafts_of, event_of, rounds_source
from audit_svc.errors import RoundNotFoundError
from audit_svc.ports import RoundLog

PAGE = 500
_PAUSE_S = 0.2


async def follow_log(
    log: RoundLog,
    name: str,
    after: int,
    read: Callable[[int], Awaitable[list[Opened]]],
    make: Callable[[int, Sequence[Opened]], Awaitable[Span]],
) -> AsyncIterator[Span]:
    """Spans that are made of pages of the log itself, each read when the one before it is written."""
    while True:
        page = await read(after)
        if page:
            span = await make(after, page)
            yield span
            after = span.position
            # What the next page is judged by is in the database, and must all be there.
            await _written(log, name, after)
        else:
            await asyncio.sleep(_PAUSE_S)


async def _written(log: RoundLog, name: str, position: int) -> None:
    while True:
        if await log.position(name) >= position:
            return
        await asyncio.sleep(_PAUSE_S)


class RoundRecords:
    """Implements `ports.Source` for one shard."""

    def __init__(self, log: RoundLog, facts: Callable[[], Awaitable[Facts]], shard: int) -> None:
        self._log = log
        self._facts = facts
        self._shard = shard
        self.name = rounds_source(shard)

    def spans(self, after: int) -> AsyncIterator[Span]:
        """Records of what stands in the log from an index on. Positions are indices of the log."""
        return follow_log(self._log, self.name, after, self._page, self._span)

    async def _page(self, after: int) -> list[Opened]:
        return await self._log.round_page(f"ledger/{self._shard}", after, PAGE)

    async def _span(self, after: int, page: Sequence[Opened]) -> Span:
        fresh = events_of(page)
        names = sorted({event.name for event in fresh})
        earlier = events_of(await self._log.round_events(names, page[0].entry.index)) if names else []
        drafts = drafts_of(self._shard, earlier, fresh, await self._facts())
        return Span(
            source=self.name,
            after=after,
            position=page[-1].entry.index + 1,
            drafts=list(drafts),
            places=[(self._log.place(event.name), event.index) for event in fresh],
        )


class RoundDesk:
    """Shows what the log has of a round."""

    def __init__(self, log: RoundLog) -> None:
        self._log = log

    async def get(self, name: Name) -> tuple[list[Opened], list[Opened]]:
        """Its record with the amendments, and its events. Errors: RoundNotFoundError."""
        events = await self._log.round_events([name])
        if not events:
            raise RoundNotFoundError(provider=name.provider, round_id=name.round)
        shard = events[0].entry.source.partition("/")[2]
        sequences = [int(each.entry.key.partition("-")[2]) for each in events]
        return await self._log.round_records(rounds_source(int(shard)), sequences), events


def events_of(page: Sequence[Opened]) -> list[Event]:
    """Entries as events. What was erased meanwhile tells nothing any more."""
    return [event_of(each, json.loads(each.payload)) for each in page if each.payload is not None]
