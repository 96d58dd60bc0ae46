"""Games for play money in PostgreSQL."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from session_svc.domain.session import DemoSession, Order, token_digest
from session_svc.ports import Launch
from session_svc.store import tables
from session_svc.store.database import transaction
from session_svc.store.sealing import Vault

_d = tables.demo_session.c
_ORDERED = (
    *("licensee", "client_key", "player_id", "provider", "game_id", "currency", "language", "country", "device"),
    "lobby_url",
)
"""What of an order is about play money too. What a player fixes for a session is not."""


class PostgresDemos:
    """Implements `ports.DemoSessions`."""

    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    async def begin(self, demo: DemoSession, launch: Launch) -> None:
        statement = insert(tables.demo_session).values(
            **{name: getattr(demo.order, name) for name in _ORDERED},
            session_id=demo.session_id,
            pack=demo.pack,
            created_at=demo.created_at,
            token_digest=token_digest(launch.token),
            token_sealed=self._vault.seal(launch.token.encode(), _label(demo.session_id, "token")),
        )
        async with transaction(self._engine) as connection:
            await connection.execute(statement.on_conflict_do_nothing())

    async def by_key(self, licensee: str, client_key: str) -> tuple[DemoSession, Launch] | None:
        statement = sa.select(tables.demo_session).where(_d.licensee == licensee, _d.client_key == client_key)
        async with transaction(self._engine) as connection:
            row = (await connection.execute(statement)).first()
        if row is None:
            return None
        demo = DemoSession(
            session_id=row.session_id,
            order=Order(**{name: getattr(row, name) for name in _ORDERED}),
            pack=row.pack,
            created_at=row.created_at.astimezone(dt.UTC),
        )
        url = self._opened(demo, "url", row.url_sealed) if row.url_sealed is not None else ""
        return demo, Launch(token=self._opened(demo, "token", row.token_sealed), url=url)

    async def launched(self, demo: DemoSession, url: str) -> str:
        kept = (
            sa.update(tables.demo_session)
            .where(_d.session_id == demo.session_id, _d.url_sealed.is_(None))
            .values(url_sealed=self._vault.seal(url.encode(), _label(demo.session_id, "url")))
        )
        async with transaction(self._engine) as connection:
            await connection.execute(kept)
            found = await connection.execute(sa.select(_d.url_sealed).where(_d.session_id == demo.session_id))
            return self._opened(demo, "url", found.scalar_one())

    async def of_token(self, token: str) -> str | None:
        statement = sa.select(_d.session_id).where(_d.token_digest == token_digest(token))
        async with transaction(self._engine) as connection:
            found: str | None = (await connection.execute(statement)).scalar_one_or_none()
            return found

    def _opened(self, demo: DemoSession, what: str, sealed: bytes) -> str:
        return self._vault.open(sealed, _label(demo.session_id, what)).decode()


def _label(session_id: str, what: str) -> bytes:
    return f"demo/{session_id}/{what}".encode()
