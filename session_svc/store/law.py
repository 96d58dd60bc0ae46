"""What was read from the ledger's feed, in PostgreSQL."""

from __future__ import annotations

import datetime as dt
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from session_svc.domain.session import Session
from session_svc.domain.states import State
from session_svc.ports import FeedPage, LegalEnd
from session_svc.store import tables
from session_svc.store.database import lock_head, record, session_of, step, transaction

_s, _f = tables.session.c, tables.feed.c


class PostgresLawRecord:
    """Implements `ports.LawRecord`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def cursor(self, shard: int) -> int:
        async with transaction(self._engine) as connection:
            found = await connection.execute(sa.select(_f.sequence).where(_f.shard == shard))
            return found.scalar_one_or_none() or 0

    async def active_before(self, end: LegalEnd) -> list[Session]:
        statement = sa.select(tables.session).where(_ended_by(end), _s.state == State.ACTIVE.value)
        async with transaction(self._engine) as connection:
            return [session_of(row) for row in await connection.execute(statement)]

    async def apply(self, shard: int, page: FeedPage, now: dt.datetime) -> list[Session]:
        ended: list[Session] = []
        async with transaction(self._engine) as connection:
            # Licensees in order: two readers of different shards take the same locks in the same order.
            for licensee, ends in groupby(sorted(page.ends, key=_licensee), _licensee):
                ended += await _end(connection, licensee, list(ends), now)
            await _advance(connection, shard, page.last_sequence)
        return ended


async def _end(connection: AsyncConnection, licensee: str, ends: list[LegalEnd], now: dt.datetime) -> list[Session]:
    head = await lock_head(connection, licensee)
    ended: list[Session] = []
    for end in ends:
        if end.session_id:
            # Ended while its address was still being fetched: nobody shall get it.
            await step(connection, _s.session_id == end.session_id, State.FAILING, now)
        else:
            await _remember(connection, end)
        ended += await step(connection, _ended_by(end), State.ENDED, now, ended_at=now, end_reason=end.reason)
    await record(connection, licensee, head, ended)
    return ended


async def _remember(connection: AsyncConnection, end: LegalEnd) -> None:
    new = insert(tables.exclusion).values(
        licensee=end.licensee, player_id=end.player_id, sequence=end.position.sequence
    )
    newest = sa.func.greatest(tables.exclusion.c.sequence, new.excluded.sequence)
    await connection.execute(
        new.on_conflict_do_update(index_elements=["licensee", "player_id"], set_={"sequence": newest})
    )


async def _advance(connection: AsyncConnection, shard: int, sequence: int) -> None:
    # Another replica may be further: what it has handled stays handled.
    new = insert(tables.feed).values(shard=shard, sequence=sequence)
    furthest = sa.func.greatest(tables.feed.c.sequence, new.excluded.sequence)
    await connection.execute(new.on_conflict_do_update(index_elements=["shard"], set_={"sequence": furthest}))


def _ended_by(end: LegalEnd) -> sa.ColumnElement[bool]:
    return sa.and_(
        _s.licensee == end.licensee,
        _s.player_id == end.player_id,
        # A session that was opened after a return is not ended by the exclusion before it.
        _s.opened_sequence < end.position.sequence,
        *((_s.session_id == end.session_id,) if end.session_id else ()),
    )


def _licensee(end: LegalEnd) -> str:
    return end.licensee
