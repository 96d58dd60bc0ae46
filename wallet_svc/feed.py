"""The feed: each shard's log in commit order, for any number of readers with cursors of their own.

One query a moment tells how far every shard is; a reader asks for entries only when its shard has moved. So a quiet
reader costs nothing, and a busy one gets pages instead of single entries.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from mesh.errors import DependencyDownError
from wallet_svc.domain.records import first_of, whole
from wallet_svc.domain.state import Entry, Registry
from wallet_svc.domain.vocabulary import Kind
from wallet_svc.errors import ShardNotFoundError
from wallet_svc.store.reading import Reader, Stored
from wallet_svc.store.rows import entry_of

_MOST_RECORDS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Entries in commit order, the position up to which the log was read, and what names the entries."""

    stored: list[Stored]
    position: int
    registry: Registry


class Feed:
    """Reads the log for followers, on a connection of its own."""

    def __init__(self, reader: Reader, interval_s: float) -> None:
        self._reader = reader
        self._interval_s = interval_s
        self._heads: dict[int, int] = {}
        self._followers = 0
        self._moved = asyncio.Event()
        self._records: dict[tuple[int, int], str] = {}
        """Decision records that many short ones begin from, by shard and position."""

    async def run(self) -> None:
        """Watch the heads while anybody follows, until cancelled."""
        while True:
            if self._followers:
                await self._look()
            await asyncio.sleep(self._interval_s)

    async def _look(self) -> None:
        try:
            heads = await self._read_heads()
        except DependencyDownError:
            return
        if heads != self._heads:
            self._heads = heads
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()

    async def _read_heads(self) -> dict[int, int]:
        return {row.id: row.last for row in await self._reader.rows("list_heads", {})}

    async def pages(
        self, shard: int, after: int, limit: int, kinds: Sequence[Kind] | None, *, follow: bool
    ) -> AsyncIterator[Page]:
        """Pages after a position; with `follow` for ever. Errors: ShardNotFoundError."""
        heads = await self._read_heads()
        if shard not in heads:
            raise ShardNotFoundError(shard=str(shard), shards=str(len(heads)))
        self._followers += follow
        try:
            head = heads[shard]
            while True:
                while after < head:
                    page = await self._page(shard, after, head, limit, kinds)
                    after = page.position
                    yield page
                if not follow:
                    return
                head = await self._beyond(shard, after)
        finally:
            self._followers -= follow

    async def _beyond(self, shard: int, position: int) -> int:
        """Wait until a shard's log is longer than this."""
        while (head := self._heads.get(shard, 0)) <= position:
            await self._moved.wait()
        return head

    async def _page(self, shard: int, after: int, until: int, limit: int, kinds: Sequence[Kind] | None) -> Page:
        wanted = None if kinds is None else [kind.value for kind in kinds]
        values = {"shard": shard, "after": after, "until": until, "limit": limit, "kinds": wanted}
        rows = await self._reader.rows("read_feed", values)
        # Read after the rows: a page may tell of what was registered a moment ago.
        registry = await self._reader.registry()
        entries = [entry_of(row, registry) for row in rows]
        await self._complete(shard, rows, entries)
        stored = [
            Stored(entry=entry, player=row.player_name, rolled_back=False)
            for entry, row in zip(entries, rows, strict=True)
        ]
        position = stored[-1].entry.sequence if len(stored) == limit else until
        return Page(stored=stored, position=position, registry=registry)

    async def _complete(self, shard: int, rows: Sequence[Any], entries: Sequence[Entry]) -> None:
        """Give the entries of short decision records their whole ones."""
        short = [
            (entry, row, first) for entry, row in zip(entries, rows, strict=True) if (first := first_of(row.decision))
        ]
        missing = {first for _, _, first in short if (shard, first) not in self._records}
        if missing:
            values = {"shard": shard, "sequences": sorted(missing)}
            found = await self._reader.rows("read_records", values)
            if len(self._records) > _MOST_RECORDS:
                self._records = {
                    (shard, first): self._records[shard, first] for _, _, first in short if first not in missing
                }
            self._records |= {(shard, row.sequence): row.decision for row in found}
        for entry, row, first in short:
            record = self._records[shard, first]
            entry.decision_json = whole(row.decision, record, recorded_us=row.recorded_us, amount=row.amount)
