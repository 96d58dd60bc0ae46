"""The log in the order of an uploaded file. PostgreSQL sorts, on disk where it must; here is one page at a time."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from mesh.database import connect, is_outage
from mesh.errors import DependencyDownError
from wallet_svc.domain.comparison import Compared
from wallet_svc.store.statements import STATEMENTS

_PAGE = 2_000
_LATE = 100


class Sorted:
    """Sorted readings, each on a connection of its own."""

    def __init__(self, url: str, *, name: str, statement_timeout_ms: int) -> None:
        self._url, self._name, self._timeout_ms = url, name, statement_timeout_ms

    @asynccontextmanager
    async def actions(self, values: dict[str, Any]) -> AsyncIterator[AsyncIterator[Sequence[Compared]]]:
        """Stored actions in pages. The result is kept by the server, so no transaction stays open meanwhile."""
        try:
            connection = await connect(self._url, name=self._name, statement_timeout_ms=self._timeout_ms)
            async with connection:
                yield _pages(connection, values)
        except psycopg.Error as error:
            if is_outage(error):
                raise DependencyDownError(retry_after=0.5, dependency="postgresql") from error
            raise


async def _pages(connection: psycopg.AsyncConnection[Any], values: dict[str, Any]) -> AsyncIterator[Sequence[Compared]]:
    wanted = STATEMENTS["compared_entries"]
    cursor = psycopg.AsyncRawServerCursor(connection, "compared", row_factory=namedtuple_row, withhold=True)
    async with cursor:
        await cursor.execute(wanted.text, wanted.values(values))
        while rows := await cursor.fetchmany(_PAGE):
            yield [_compared(row) for row in rows]


def _compared(row: Any) -> Compared:
    return Compared(
        kind=row.kind % _LATE,
        key=row.key,
        player=row.player,
        amount=row.amount,
        state=row.state,
        raw=f"{row.shard}-{row.sequence}",
    )
