"""Sessions in PostgreSQL."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from session_svc.domain.session import LedgerPosition, Session, token_digest
from session_svc.domain.states import ATTEMPT_FAILED, HALF_ENDED, State, is_final, is_visible
from session_svc.ports import KnownSession, Launch, PlayOpened
from session_svc.store import tables
from session_svc.store.database import Row, lock_head, record, session_of, starts, step, transaction
from session_svc.store.sealing import Vault

_s = tables.session.c


class PostgresSessions:
    """Implements `ports.Sessions`."""

    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    async def begin(self, session: Session, launch: Launch) -> bool:
        statement = insert(tables.session).values(
            **_columns(session), token_sealed=self._sealed(session, "token", launch.token)
        )
        async with transaction(self._engine) as connection:
            done = await connection.execute(statement.on_conflict_do_nothing().returning(_s.session_id))
            return done.first() is not None

    async def newest_attempt(self, licensee: str, client_key: str) -> Session | None:
        failed = _s.state.in_([state.value for state in ATTEMPT_FAILED])
        return await self._one(
            sa.select(tables.session)
            .where(_s.licensee == licensee, _s.client_key == client_key)
            .order_by(failed, _s.session_id.desc())
        )

    async def find(self, licensee: str, session_id: str) -> Session | None:
        return await self._one(sa.select(tables.session).where(_s.licensee == licensee, _s.session_id == session_id))

    async def by_token(self, token: str) -> Session | None:
        return await self._one(sa.select(tables.session).where(_s.token_digest == token_digest(token)))

    async def newest_of_player(self, provider: str, licensee: str, player_id: str) -> KnownSession | None:
        failed = [state.value for state in ATTEMPT_FAILED]
        row = await self._row(
            sa.select(tables.session)
            .where(_s.licensee == licensee, _s.player_id == player_id, _s.provider == provider)
            .where(_s.state.not_in(failed))
            .order_by(_s.launched_as.desc().nulls_last(), _s.session_id.desc())
        )
        if row is None:
            return None
        session = session_of(row)
        return KnownSession(session=session, token=self._opened(session, "token", row.token_sealed))

    async def launch_of(self, session: Session) -> Launch:
        row = await self._row(sa.select(_s.token_sealed, _s.url_sealed).where(_s.session_id == session.session_id))
        assert row is not None
        url = self._opened(session, "url", row.url_sealed) if row.url_sealed is not None else ""
        return Launch(token=self._opened(session, "token", row.token_sealed), url=url)

    async def move(self, session: Session, to: State, now: dt.datetime) -> Session | None:
        where = _s.session_id == session.session_id
        ended = {"ended_at": now} if is_final(to) else {}
        async with transaction(self._engine) as connection:
            if not is_visible(to):
                return _first(await step(connection, where, to, now, **ended))
            head = await lock_head(connection, session.order.licensee)
            moved = await step(connection, where, to, now, **ended)
            await record(connection, session.order.licensee, head, moved)
            return _first(moved)

    async def activate(self, session: Session, url: str, opened: PlayOpened, now: dt.datetime) -> Session | None:
        licensee, where = session.order.licensee, _s.session_id == session.session_id
        async with transaction(self._engine) as connection:
            head = await lock_head(connection, licensee)
            still = sa.select(_s.session_id).where(where, _s.state.in_(starts(State.ACTIVE))).with_for_update()
            if (await connection.execute(still)).first() is None:
                return None
            if await _excluded_since(connection, session, opened.position):
                return _first(await step(connection, where, State.FAILING, now))
            await step(connection, _same_place(session), State.REPLACING, now)
            moved = await step(
                connection,
                where,
                State.ACTIVE,
                now,
                jurisdiction=opened.jurisdiction,
                opened_shard=opened.position.shard,
                opened_sequence=opened.position.sequence,
                launched_as=head + 1,
                url_sealed=self._sealed(session, "url", url),
            )
            await record(connection, licensee, head, moved)
            return _first(moved)

    async def half_ended_of_player(self, session: Session) -> list[Session]:
        statement = sa.select(tables.session).where(
            _same_place(session), _s.state.in_([State.REPLACING.value, State.CLOSING.value])
        )
        async with transaction(self._engine) as connection:
            return [session_of(row) for row in await connection.execute(statement)]

    async def unfinished(self, *, before: dt.datetime, opening_before: dt.datetime, limit: int) -> list[Session]:
        half_ended = sa.and_(_s.state.in_([state.value for state in HALF_ENDED]), _s.changed_at < before)
        opening = sa.and_(_s.state == State.OPENING.value, _s.changed_at < opening_before)
        statement = sa.select(tables.session).where(sa.or_(half_ended, opening)).order_by(_s.changed_at).limit(limit)
        async with transaction(self._engine) as connection:
            return [session_of(row) for row in await connection.execute(statement)]

    async def expire_due(self, now: dt.datetime, *, limit: int) -> list[Session]:
        due = sa.and_(_s.state == State.ACTIVE.value, _s.expires_at <= now)
        some = sa.select(_s.licensee).where(due).order_by(_s.expires_at).limit(1)
        async with transaction(self._engine) as connection:
            licensee = (await connection.execute(some)).scalar_one_or_none()
            if licensee is None:
                return []
            head = await lock_head(connection, licensee)
            chosen = sa.select(_s.session_id).where(due, _s.licensee == licensee).order_by(_s.expires_at).limit(limit)
            moved = await step(connection, _s.session_id.in_(chosen), State.EXPIRED, now, ended_at=_s.expires_at)
            await record(connection, licensee, head, moved)
            return moved

    async def _one(self, statement: sa.Select[tuple[object, ...]]) -> Session | None:
        row = await self._row(statement)
        return session_of(row) if row is not None else None

    async def _row(self, statement: sa.Select[tuple[object, ...]]) -> Row | None:
        async with transaction(self._engine) as connection:
            return (await connection.execute(statement.limit(1))).first()

    def _sealed(self, session: Session, what: str, text: str) -> bytes:
        return self._vault.seal(text.encode(), _label(session, what))

    def _opened(self, session: Session, what: str, sealed: bytes) -> str:
        return self._vault.open(sealed, _label(session, what)).decode()


def _columns(session: Session) -> dict[str, object]:
    order = session.order
    return {
        "session_id": session.session_id,
        "licensee": order.licensee,
        "client_key": order.client_key,
        "player_id": order.player_id,
        "provider": order.provider,
        "game_id": order.game_id,
        "currency": order.currency,
        "language": order.language,
        "country": order.country,
        "device": order.device,
        "lobby_url": order.lobby_url,
        "state": session.state.value,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "changed_at": session.created_at,
        "token_digest": session.token_digest,
    }


def _same_place(session: Session) -> sa.ColumnElement[bool]:
    """Other sessions of the same player at the same provider."""
    order = session.order
    return sa.and_(
        _s.licensee == order.licensee,
        _s.player_id == order.player_id,
        _s.provider == order.provider,
        _s.session_id != session.session_id,
    )


async def _excluded_since(connection: AsyncConnection, session: Session, opened: LedgerPosition) -> bool:
    excluded = tables.exclusion.c
    statement = sa.select(excluded.sequence).where(
        excluded.licensee == session.order.licensee,
        excluded.player_id == session.order.player_id,
        # One player's entries are all in one shard, so sequences compare.
        excluded.sequence > opened.sequence,
    )
    return (await connection.execute(statement)).first() is not None


def _label(session: Session, what: str) -> bytes:
    return f"{session.session_id}/{what}".encode()


def _first(moved: list[Session]) -> Session | None:
    return moved[0] if moved else None
