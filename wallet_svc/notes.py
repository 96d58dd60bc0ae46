"""Notes that are written behind the answers: a list in memory, written a few times a second in one statement.

On a connection of its own. So the way of a bet pays an append, and what can be lost, when a process is killed or the list
is full, are notes and never money.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import psycopg
from psycopg.rows import TupleRow

from mesh import metrics
from mesh.clock import Clock
from mesh.database import connect
from wallet_svc.store.running import execute
from wallet_svc.store.statements import STATEMENTS

_MOST_WAITING = 20_000
_AT_ONCE = 2_000
_INTERVAL_S = 0.2
_TIDY_S = 3_600.0
_DAY_US = 86_400_000_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Book(Generic[T]):
    """Where notes of one kind are kept."""

    write: str
    """Name of the statement that adds some."""
    forget: str
    """Name of the statement that removes those `before` a moment."""
    columns: Callable[[Sequence[T]], Mapping[str, Any]]
    """Notes as the values of `write`."""
    lost: str
    """Name of the counter of those that found the list full."""


class Notes(Generic[T]):
    """Takes notes and writes them behind the answers."""

    def __init__(
        self, book: Book[T], url: str, clock: Clock, *, name: str, keep_days: int, statement_timeout_ms: int = 5_000
    ) -> None:
        self._book = book
        self._url, self._clock, self._name, self._timeout_ms = url, clock, name, statement_timeout_ms
        self._keep_us = keep_days * _DAY_US
        self._waiting: deque[T] = deque()
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None
        self._lost = metrics.registry.counter(book.lost)
        self._tidied = 0.0

    @property
    def is_full(self) -> bool:
        """Whether one more is lost. It is counted as lost."""
        full = len(self._waiting) >= _MOST_WAITING
        if full:
            self._lost.add()
        return full

    def take(self, note: T) -> None:
        """Write this one, a little later."""
        self._waiting.append(note)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL_S)
            with contextlib.suppress(psycopg.Error, OSError):
                await self._write()
                await self._tidy()

    async def _write(self) -> None:
        while self._waiting:
            notes = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            try:
                await execute(await self._connected(), STATEMENTS[self._book.write], dict(self._book.columns(notes)))
            except BaseException:
                # Written twice is better than not at all, and a full list loses the newest.
                self._waiting.extendleft(reversed(notes[: max(0, _MOST_WAITING - len(self._waiting))]))
                await self._disconnect()
                raise

    async def _tidy(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._tidied < _TIDY_S and self._tidied:
            return
        self._tidied = now
        before = self._clock.now_us() - self._keep_us
        await execute(await self._connected(), STATEMENTS[self._book.forget], {"before": before})

    async def _connected(self) -> psycopg.AsyncConnection[TupleRow]:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._url, name=self._name, statement_timeout_ms=self._timeout_ms)
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def close(self) -> None:
        """Write what is left, if the database still answers."""
        with contextlib.suppress(psycopg.Error, OSError):
            await self._write()
        await self._disconnect()
