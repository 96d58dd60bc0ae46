"""Free rounds in PostgreSQL."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from session_svc.domain.grants import Grant, GrantOrder, GrantState
from session_svc.store import tables
from session_svc.store.database import Row, transaction

_g = tables.free_round_grant.c


class PostgresGrants:
    """Implements `ports.Grants`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def begin(self, grant: Grant) -> bool:
        statement = insert(tables.free_round_grant).values(**_columns(grant)).on_conflict_do_nothing()
        async with transaction(self._engine) as connection:
            return (await connection.execute(statement.returning(_g.grant_id))).first() is not None

    async def by_key(self, licensee: str, client_key: str) -> Grant | None:
        return await self._one(_g.licensee == licensee, _g.client_key == client_key)

    async def find(self, licensee: str, grant_id: str) -> Grant | None:
        return await self._one(_g.licensee == licensee, _g.grant_id == grant_id) if _can_be_ours(grant_id) else None

    async def page(self, licensee: str, *, player_id: str, before: str, limit: int) -> list[Grant]:
        statement = sa.select(tables.free_round_grant).where(_g.licensee == licensee)
        if player_id:
            statement = statement.where(_g.player_id == player_id)
        if before:
            statement = statement.where(_g.grant_id < before)
        async with transaction(self._engine) as connection:
            rows = await connection.execute(statement.order_by(_g.grant_id.desc()).limit(limit))
            return [_grant(row) for row in rows]

    async def given(self, provider: str, start: dt.datetime, end: dt.datetime) -> list[Grant]:
        states = [GrantState.ACTIVE.value, GrantState.CANCELLED.value]
        where = (_g.provider == provider, _g.created_at >= start, _g.created_at < end, _g.state.in_(states))
        async with transaction(self._engine) as connection:
            return [_grant(row) for row in await connection.execute(sa.select(tables.free_round_grant).where(*where))]

    async def activate(self, grant: Grant, reference: str) -> None:
        await self._step(grant, {GrantState.ASKED}, state=GrantState.ACTIVE.value, reference=reference)

    async def end(self, grant: Grant, to: GrantState, now: dt.datetime, *, refusal: str = "") -> None:
        earlier = {GrantState.ASKED} if to is GrantState.REFUSED else {GrantState.ACTIVE}
        await self._step(grant, earlier, state=to.value, ended_at=now, refusal=refusal)

    async def _step(self, grant: Grant, earlier: set[GrantState], **values: object) -> None:
        """One step, unless somebody else has taken it."""
        where = sa.and_(_g.grant_id == grant.grant_id, _g.state.in_([state.value for state in earlier]))
        async with transaction(self._engine) as connection:
            await connection.execute(sa.update(tables.free_round_grant).where(where).values(**values))

    async def _one(self, *where: sa.ColumnElement[bool]) -> Grant | None:
        async with transaction(self._engine) as connection:
            row = (await connection.execute(sa.select(tables.free_round_grant).where(*where))).first()
        return _grant(row) if row is not None else None


def _can_be_ours(grant_id: str) -> bool:
    """Providers also name free rounds that nobody ordered here, as they like."""
    try:
        return str(uuid.UUID(grant_id)) == grant_id
    except ValueError:
        return False


def _columns(grant: Grant) -> dict[str, object]:
    order = grant.order
    return {
        "grant_id": grant.grant_id,
        "licensee": order.licensee,
        "client_key": order.client_key,
        "player_id": order.player_id,
        "provider": order.provider,
        "game_ids": list(order.game_ids),
        "rounds": order.rounds,
        "bet": order.bet,
        "currency": order.currency,
        "expires_at": order.expires_at,
        "bonus_buy": order.bonus_buy,
        "max_winnings": order.max_winnings,
        "state": grant.state.value,
        "created_at": grant.created_at,
    }


def _grant(row: Row) -> Grant:
    order = GrantOrder(
        licensee=row.licensee,
        client_key=row.client_key,
        player_id=row.player_id,
        provider=row.provider,
        game_ids=tuple(row.game_ids),
        rounds=row.rounds,
        bet=row.bet,
        currency=row.currency,
        expires_at=row.expires_at.astimezone(dt.UTC),
        bonus_buy=row.bonus_buy,
        max_winnings=row.max_winnings,
    )
    return Grant(
        grant_id=row.grant_id,
        order=order,
        state=GrantState(row.state),
        created_at=row.created_at.astimezone(dt.UTC),
        ended_at=row.ended_at.astimezone(dt.UTC) if row.ended_at else None,
        reference=row.reference,
        refusal=row.refusal,
    )
