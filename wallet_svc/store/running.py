"""Running named statements on a connection."""

from typing import Any, TypeAlias

import psycopg
from psycopg.rows import TupleRow, namedtuple_row

from wallet_svc.store.statements import Statement

Connection = psycopg.AsyncConnection[TupleRow]
Row: TypeAlias = Any
"""A named tuple over the columns of a statement."""


async def fetch(connection: Connection, wanted: Statement, values: dict[str, Any]) -> list[TupleRow]:
    """Rows as tuples."""
    async with psycopg.AsyncRawCursor(connection) as cursor:
        await cursor.execute(wanted.text, wanted.values(values), prepare=True)
        return await cursor.fetchall()


async def fetch_named(connection: Connection, wanted: Statement, values: dict[str, Any]) -> list[Any]:
    """Rows as named tuples."""
    async with psycopg.AsyncRawCursor(connection, row_factory=namedtuple_row) as cursor:
        await cursor.execute(wanted.text, wanted.values(values), prepare=True)
        return await cursor.fetchall()


async def execute(connection: Connection, wanted: Statement, values: dict[str, Any]) -> None:
    """Run a statement that answers with nothing."""
    async with psycopg.AsyncRawCursor(connection) as cursor:
        await cursor.execute(wanted.text, wanted.values(values), prepare=True)
