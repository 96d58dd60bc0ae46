"""Adding the log up, day by day, behind it. Each part of a log is added once, whoever does it and whoever dies at it."""

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import TypeVar

import psycopg
from psycopg.rows import TupleRow

from mesh.database import connect, is_outage
from mesh.errors import DependencyDownError
from wallet_svc.store.running import execute, fetch_named
from wallet_svc.store.statements import STATEMENTS

T = TypeVar("T")

_WAIT_S = 10.0
_PAUSE_S = 0.05


class Totals:
    """Adds up, one part at a time, on a connection of its own."""

    def __init__(self, url: str, *, name: str, interval_s: float, statement_timeout_ms: int) -> None:
        self._url, self._name = url, name
        self._interval_s, self._timeout_ms = interval_s, statement_timeout_ms
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Keep the totals near the end of the log, until cancelled."""
        while True:
            await asyncio.sleep(self._interval_s)
            with contextlib.suppress(DependencyDownError):
                await self.catch_up()

    async def catch_up(self) -> None:
        """Add up everything that is in the log now. Errors: DependencyDownError, also when others take too long."""
        async with self._lock:
            await self._guard(self._catch_up())

    async def _catch_up(self) -> None:
        connection = await self._connected()
        heads = {row.id: row.last for row in await fetch_named(connection, STATEMENTS["list_heads"], {})}
        async with asyncio.timeout(_WAIT_S):
            for shard, last in heads.items():
                done = False
                while not done:
                    done = await self._add(connection, shard, last)

    async def _add(self, connection: psycopg.AsyncConnection[TupleRow], shard: int, last: int) -> bool:
        """Add one part of a log. True when it is added up to a position."""
        async with connection.transaction():
            held = await fetch_named(connection, STATEMENTS["lock_total"], {"shard": shard})
            if not held:
                # Another process adds to this log just now.
                await asyncio.sleep(_PAUSE_S)
                return False
            after = held[0].sequence
            if after >= last:
                return True
            asked = {"shard": shard, "after": after}
            until = (await fetch_named(connection, STATEMENTS["next_total"], asked))[0].last
            await execute(connection, STATEMENTS["add_totals"], {**asked, "until": until})
            await execute(connection, STATEMENTS["move_total"], {"shard": shard, "until": until})
        return bool(until >= last)

    async def _guard(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except (psycopg.Error, OSError) as error:
            await self.close()
            if isinstance(error, psycopg.Error) and not is_outage(error):
                raise
            raise DependencyDownError(retry_after=0.5, dependency="postgresql") from error

    async def _connected(self) -> psycopg.AsyncConnection[TupleRow]:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._url, name=self._name, statement_timeout_ms=self._timeout_ms)
        return self._connection

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
