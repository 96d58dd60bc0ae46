"""The feed: each shard's log in commit order, for any number of readers with cursors of their own.

One query a moment tells how far every shard is, and one more reads what is new in all shards that somebody follows. All
followers get their pages from that; only who is further behind has queries of its own. So a quiet reader costs nothing,
and ten busy ones cost little more than one.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mesh.errors import DependencyDownError
from wallet_svc.domain.records import first_of, whole
from wallet_svc.domain.state import Entry, Registry
from wallet_svc.domain.vocabulary import Kind
from wallet_svc.errors import ShardNotFoundError
from wallet_svc.store.reading import Reader, Stored
from wallet_svc.store.rows import entry_of
from wallet_svc.tail import Tail

_MOST_RECORDS = 10_000
_MOST_AT_ONCE, _MOST_KEPT = 500, 1_000
"""Entries of one shard: that a look reads for all followers, and that are kept for those who come a little later."""
_WORTH_A_LOOK, _LONGEST_S = 400, 0.5
"""Entries that followers wait for, and how long, where bets wait for a processor: a look costs nearly the same for few."""
_MOST_UNTOLD = 1_000
"""Positions by which a follower may be behind because nothing in them is for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Entries in commit order, the position up to which the log was read, and what names the entries."""

    stored: list[Stored]
    position: int
    registry: Registry


class Feed:
    """Reads the log for followers, on a connection of its own."""

    def __init__(self, reader: Reader, interval_s: float, *, is_pressed: Callable[[], bool] = lambda: False) -> None:
        """`is_pressed` says whether processor time is short."""
        self._reader = reader
        self._interval_s = interval_s
        self._is_pressed = is_pressed
        self._heads: dict[int, int] = {}
        self._followers: Counter[int] = Counter()
        self._tails: dict[int, Tail] = {}
        self._registry: Registry | None = None
        self._moved = asyncio.Event()
        self._records: dict[tuple[int, int], str] = {}
        """Decision records that many short ones begin from, by shard and position."""

    async def run(self) -> None:
        """Watch the heads while anybody follows, until cancelled."""
        wait_s = self._interval_s
        while True:
            before = self._heads
            if self._followers:
                with suppress(DependencyDownError):
                    await self._look()
            found = sum(self._heads.values()) - sum(before.values())
            wait_s = next_look_s(found, wait_s, self._interval_s) if self._is_pressed() else self._interval_s
            await asyncio.sleep(wait_s)

    async def _look(self) -> None:
        heads = await self._read_heads()
        if heads != self._heads:
            await self._read_tails(heads)
            self._heads = heads
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()

    async def _read_tails(self, heads: dict[int, int]) -> None:
        """Read what is new in the shards that are followed. A shard that moved far is left to those who follow it."""
        wanted: list[tuple[int, int, int]] = []
        self._tails = {shard: self._tails.get(shard) or self._new_tail(shard, heads) for shard in self._followers}
        for shard, tail in self._tails.items():
            if heads[shard] - tail.end > _MOST_AT_ONCE:
                tail.skip(heads[shard])
            elif heads[shard] > tail.end:
                wanted.append((shard, tail.end, heads[shard]))
        if not wanted:
            return
        shards, afters, untils = (list(column) for column in zip(*wanted, strict=True))
        values = {"shards": shards, "afters": afters, "untils": untils, "limit": _MOST_AT_ONCE}
        rows = await self._reader.rows("read_tails", values)
        # Read after the rows: they may tell of what was registered a moment ago.
        self._registry = registry = await self._reader.registry()
        found: dict[int, list[Any]] = {shard: [] for shard in shards}
        for row in rows:
            found[row.shard].append(row)
        for shard, _, until in wanted:
            stored = await self._stored(shard, found[shard], registry)
            self._tails[shard].grow(stored, until)

    async def _read_heads(self) -> dict[int, int]:
        return {row.id: row.last for row in await self._reader.rows("list_heads", {})}

    async def pages(
        self, shard: int, after: int, limit: int, kinds: Sequence[Kind] | None, *, follow: bool
    ) -> AsyncIterator[Page]:
        """Pages after a position; with `follow` for ever. Errors: ShardNotFoundError."""
        heads = await self._read_heads()
        if shard not in heads:
            raise ShardNotFoundError(shard=str(shard), shards=str(len(heads)))
        if follow:
            self._followers[shard] += 1
        try:
            head, told = heads[shard], after
            while True:
                while after < head:
                    page = self._tail_page(shard, after, limit, kinds)
                    if page is None:
                        page = await self._page(shard, after, head, limit, kinds)
                    after = page.position
                    # A follower of few kinds is not woken for each page in which there is nothing for it.
                    if page.stored or not follow or after - told >= _MOST_UNTOLD:
                        told = after
                        yield page
                if not follow:
                    return
                head = await self._beyond(shard, after)
        finally:
            if follow:
                self._followers -= Counter((shard,))

    async def _beyond(self, shard: int, position: int) -> int:
        """Wait until a shard's log is longer than this."""
        while (head := self._heads.get(shard, 0)) <= position:
            await self._moved.wait()
        return head

    def _new_tail(self, shard: int, heads: dict[int, int]) -> Tail:
        # A follower that came since the last look stands there.
        return Tail(self._heads.get(shard, heads[shard]), _MOST_KEPT)

    def _tail_page(self, shard: int, after: int, limit: int, kinds: Sequence[Kind] | None) -> Page | None:
        tail, registry = self._tails.get(shard), self._registry
        found = tail.page(after, limit, kinds) if tail is not None else None
        if found is None or registry is None:
            return None
        stored, position = found
        return Page(stored=stored, position=position, registry=registry)

    async def _page(self, shard: int, after: int, until: int, limit: int, kinds: Sequence[Kind] | None) -> Page:
        wanted = None if kinds is None else [kind.value for kind in kinds]
        values = {"shard": shard, "after": after, "until": until, "limit": limit, "kinds": wanted}
        rows = await self._reader.rows("read_feed", values)
        # Read after the rows: a page may tell of what was registered a moment ago.
        registry = await self._reader.registry()
        stored = await self._stored(shard, rows, registry)
        position = stored[-1].entry.sequence if len(stored) == limit else until
        return Page(stored=stored, position=position, registry=registry)

    async def _stored(self, shard: int, rows: Sequence[Any], registry: Registry) -> list[Stored]:
        entries = [entry_of(row, registry) for row in rows]
        await self._complete(shard, rows, entries)
        return [
            Stored(entry=entry, player=row.player_name, rolled_back=False)
            for entry, row in zip(entries, rows, strict=True)
        ]

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


def next_look_s(found: int, waited_s: float, least_s: float) -> float:
    """When to look again where processor time is short, after a look that found so many entries."""
    return max(least_s, min(_LONGEST_S, waited_s * _WORTH_A_LOOK / max(found, 1)))
