"""PostgreSQL connections: psycopg for hand-written statements, SQLAlchemy engines where sessions help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.ext.asyncio import AsyncEngine


async def connect(url: str, *, name: str, statement_timeout_ms: int = 5_000) -> psycopg.AsyncConnection:
    """An autocommit connection with dict-free rows; `name` is shown in pg_stat_activity."""
    raise NotImplementedError


def engine(url: str, *, name: str, size: int = 5, statement_timeout_ms: int = 5_000) -> AsyncEngine:
    """An asynchronous SQLAlchemy engine with a small pool that checks connections before use."""
    raise NotImplementedError


def is_outage(error: BaseException) -> bool:
    """True when the server is gone, restarting, read-only or out of connections: retry later with the same key."""
    raise NotImplementedError
