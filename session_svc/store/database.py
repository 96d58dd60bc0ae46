"""Transactions, and the numbering of changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mesh.errors import OverloadedError
from session_svc.domain.session import Order, Session
from session_svc.domain.states import State, before, is_visible
from session_svc.store import tables

Row = sa.Row[Any]

_s = tables.session.c


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction that commits at the end of the block."""
    try:
        async with engine.begin() as connection:
            yield connection
    except PoolTimeoutError:
        raise OverloadedError(queue="database connections", retry_after=0.2) from None


def session_of(row: Row) -> Session:
    """A row of the session table as a value."""
    order = Order(
        licensee=row.licensee,
        client_key=row.client_key,
        player_id=row.player_id,
        provider=row.provider,
        game_id=row.game_id,
        currency=row.currency,
        language=row.language,
        country=row.country,
        device=row.device,
        lobby_url=row.lobby_url,
        check_every_s=row.check_every_s,
        spend_limit=row.spend_limit,
        seconds_limit=row.seconds_limit,
    )
    return Session(
        session_id=row.session_id,
        order=order,
        state=State(row.state),
        created_at=row.created_at.astimezone(dt.UTC),
        expires_at=row.expires_at.astimezone(dt.UTC),
        ended_at=row.ended_at.astimezone(dt.UTC) if row.ended_at else None,
        end_reason=row.end_reason,
        jurisdiction=row.jurisdiction,
        token_digest=row.token_digest,
    )


async def lock_head(connection: AsyncConnection, licensee: str) -> int:
    """The licensee's newest change, held until the commit.

    Numbers are given out under this lock, so they have no gaps, and whoever sees a number committed
    knows that every lower one is.
    """
    head = tables.head.c
    await connection.execute(insert(tables.head).values(licensee=licensee, cursor=0).on_conflict_do_nothing())
    found = await connection.execute(sa.select(head.cursor).where(head.licensee == licensee).with_for_update())
    return int(found.scalar_one())


async def record(connection: AsyncConnection, licensee: str, head: int, sessions: Sequence[Session]) -> None:
    """Number the changes after `head` and write them down. `lock_head` comes first."""
    seen = [session for session in sessions if is_visible(session.state)]
    if not seen:
        return
    rows = [
        {
            "licensee": licensee,
            "cursor": cursor,
            "session_id": session.session_id,
            "player_id": session.order.player_id,
            "state": session.state.value,
            "ended_at": session.ended_at,
        }
        for cursor, session in enumerate(seen, head + 1)
    ]
    await connection.execute(insert(tables.change), rows)
    where = tables.head.c.licensee == licensee
    await connection.execute(sa.update(tables.head).where(where).values(cursor=head + len(rows)))


async def step(
    connection: AsyncConnection, where: sa.ColumnElement[bool], to: State, now: dt.datetime, **values: object
) -> list[Session]:
    """Move every matching session that is where a step to `to` begins."""
    statement = (
        sa.update(tables.session)
        .where(where, _s.state.in_(starts(to)))
        .values(state=to.value, changed_at=now, **values)
        .returning(tables.session)
    )
    return [session_of(row) for row in await connection.execute(statement)]


def starts(to: State) -> list[str]:
    """The states from which one step leads to `to`."""
    return sorted(state.value for state in before(to))
