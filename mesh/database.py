"""PostgreSQL connections: psycopg for hand-written statements, SQLAlchemy engines where sessions help.

A server that stands still answers neither statements nor timeouts; `bounded` is the way to stop waiting for it.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow
from psycopg.waiting import wait_async

from mesh import failures
from mesh.errors import DependencyDownError, MeshError, OverloadedError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")
Connection = psycopg.AsyncConnection[TupleRow]

_CONNECT_TIMEOUT_S = 3
_WAIT_INTERVAL_S = 1.0
_READ_ONLY = "25006"


class PromptConnection(psycopg.AsyncConnection[TupleRow]):
    """A connection whose user may give up at any moment.

    When cancelled it hangs up, where the driver would ask the server to cancel, and wait for one that stands still.
    """

    async def wait(
        self,
        gen: PQGen[T],
        interval: float = _WAIT_INTERVAL_S,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is the driver's
    ) -> T:
        try:
            return await wait_async(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        except asyncio.CancelledError:
            self.pgconn.finish()
            raise


async def connect(url: str, *, name: str, statement_timeout_ms: int = 5_000) -> Connection:
    """An autocommit connection; `name` is shown in pg_stat_activity."""
    parameters = _parameters(name, statement_timeout_ms)
    return await psycopg.AsyncConnection.connect(url, autocommit=True, **parameters)


async def connect_prompt(url: str, *, name: str, statement_timeout_ms: int = 5_000) -> PromptConnection:
    """The same, for `bounded` work."""
    return await PromptConnection.connect(url, autocommit=True, **_parameters(name, statement_timeout_ms))


async def bounded(connection: PromptConnection, work: Awaitable[T], timeout_s: float) -> T:
    """Await work on a connection, but not longer: then the connection is cut off.

    What the server has received it may still do. The error is a `psycopg.OperationalError`, as for any lost connection.
    The work is no task of its own: in a busy loop each turn costs milliseconds, and a task would cost three.
    """
    timer = asyncio.get_running_loop().call_later(timeout_s, _cut, connection)
    try:
        return await work
    finally:
        timer.cancel()


def _cut(connection: Connection) -> None:
    """Hang up. Psycopg then sees the end of the stream and ends in order; closing under its feet would not be safe."""
    if connection.closed:
        return
    with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        try:
            duplicate.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


class Pool:
    """A few connections shared by many tasks. After an outage every idle connection is made anew."""

    def __init__(
        self, url: str, *, name: str, size: int = 4, statement_timeout_ms: int = 5_000, wait_s: float = 1.0
    ) -> None:
        self._url, self._name, self._statement_timeout_ms, self._wait_s = url, name, statement_timeout_ms, wait_s
        self._free = asyncio.Semaphore(size)
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Borrow an autocommit connection; `async with connection.transaction():` groups statements."""
        await self._wait()
        try:
            connection = await self._take()
            try:
                yield connection
            except BaseException as error:
                await self._give_up(connection, error)
                raise
            self._idle.append(connection)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            await self._idle.pop().close()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._wait_s):
                await self._free.acquire()
        except TimeoutError:
            raise OverloadedError(queue="database connections", retry_after=0.2) from None

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        return await connect(self._url, name=self._name, statement_timeout_ms=self._statement_timeout_ms)

    async def _give_up(self, connection: Connection, error: BaseException) -> None:
        idle = connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
        if is_outage(error):
            # The others were made by the same server and are most likely as dead.
            await self.close()
        if idle and not connection.closed and not is_outage(error):
            self._idle.append(connection)
        else:
            await connection.close()


def engine(url: str, *, name: str, size: int = 5, statement_timeout_ms: int = 5_000) -> AsyncEngine:
    """An asynchronous SQLAlchemy engine with a small pool that checks connections before use."""
    # Half a second to import, and not every process with a database needs it.
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    _, separator, rest = url.partition("://")
    return create_async_engine(
        f"postgresql+psycopg{separator}{rest}",
        pool_size=size,
        max_overflow=0,
        pool_timeout=1.0,
        pool_pre_ping=True,
        # Its errors end up in logs, and parameters may be secrets.
        hide_parameters=True,
        connect_args=_parameters(name, statement_timeout_ms),
    )


def is_outage(error: BaseException) -> bool:
    """True when the server is gone, restarting, overloaded or read-only: ask again later, with the same key."""
    cause = getattr(error, "orig", None) or error
    return isinstance(cause, psycopg.OperationalError) or getattr(cause, "sqlstate", None) == _READ_ONLY


def _parameters(name: str, statement_timeout_ms: int) -> dict[str, Any]:
    return {
        "application_name": name,
        "connect_timeout": _CONNECT_TIMEOUT_S,
        # A server that vanished without a word is found out in seconds, not in hours.
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        "options": f"-c statement_timeout={statement_timeout_ms} -c idle_in_transaction_session_timeout=10000",
    }


def _translate(error: BaseException) -> MeshError | None:
    return DependencyDownError(dependency="postgresql", retry_after=1.0) if is_outage(error) else None


failures.register(_translate)
