"""The changes that licensees can see, in PostgreSQL."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from session_svc.domain.states import State
from session_svc.ports import SessionChange
from session_svc.store import tables
from session_svc.store.database import Row, session_of, transaction

_c, _h = tables.change.c, tables.head.c


class PostgresChanges:
    """Implements `ports.Changes`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def after(self, licensee: str, cursor: int, *, player_id: str, limit: int) -> list[SessionChange]:
        statement = (
            sa.select(_c.cursor, _c.state.label("then_state"), _c.ended_at.label("then_ended_at"), tables.session)
            .join(tables.session, tables.session.c.session_id == _c.session_id)
            .where(_c.licensee == licensee, _c.cursor > cursor)
            .order_by(_c.cursor)
            .limit(limit)
        )
        if player_id:
            statement = statement.where(_c.player_id == player_id)
        async with transaction(self._engine) as connection:
            return [_change(row) for row in await connection.execute(statement)]

    async def heads(self) -> dict[str, int]:
        async with transaction(self._engine) as connection:
            rows = await connection.execute(sa.select(_h.licensee, _h.cursor))
            return {row.licensee: row.cursor for row in rows}


def _change(row: Row) -> SessionChange:
    """The session as the change left it; only its state and end ever change."""
    ended_at = row.then_ended_at.astimezone(dt.UTC) if row.then_ended_at else None
    session = replace(session_of(row), state=State(row.then_state), ended_at=ended_at)
    if session.state is not State.ENDED:
        session = replace(session, end_reason="")
    return SessionChange(cursor=row.cursor, session=session)
