"""The shard log on PostgreSQL: one connection, one statement a commit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from mesh.arrays import blobs, numbers
from mesh.database import PromptConnection, bounded, connect_prompt, is_outage
from wallet_svc.domain.commands import Command
from wallet_svc.domain.journal import Batch, Book, Head
from wallet_svc.domain.state import Registry
from wallet_svc.ports import DueHold, DueRound, EvidenceDownError, HeadMovedError, LogDownError, LogRefusedError
from wallet_svc.store.encode import parameters
from wallet_svc.store.loading import Loader
from wallet_svc.store.registry import read_registry
from wallet_svc.store.running import fetch, fetch_named
from wallet_svc.store.statements import STATEMENTS, commit_statement

T = TypeVar("T")

# Planning a commit takes longer than a small one itself, and every plan of it is the same. Everything here is looked up by
# an index; a plan that was made while the tables were empty would go on to read all of them. Who holds heads and stands
# still keeps all other processes waiting.
_SESSION = b"""
    SET idle_in_transaction_session_timeout = 2000;
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off
"""


class PostgresLog:
    """Implements `wallet_svc.ports.ShardLog`. Not for concurrent use: the engine has one flight at a time."""

    def __init__(self, url: str, *, writer: str, statement_timeout_ms: int) -> None:
        self._url = url
        self._writer = writer
        self._timeout_ms = statement_timeout_ms
        # A server that stands still keeps no statement timeout.
        self._patience_s = statement_timeout_ms / 1000 + 1
        self._connection: PromptConnection | None = None

    async def registry(self) -> Registry:
        return await self._read(read_registry)

    async def open_books(self, shards: Iterable[int]) -> dict[int, Book]:
        return await self._open("read_heads", shards)

    @asynccontextmanager
    async def held(self, shards: Iterable[int]) -> AsyncIterator[dict[int, Book]]:
        await self._read(_begin)
        try:
            yield await self._open("hold_heads", shards)
        finally:
            await self._let_go()

    async def load(self, wanted: Sequence[tuple[Book, Command, bool]], registry: Registry, now_us: int) -> None:
        loader = Loader(wanted, registry, now_us)
        if loader.needs_reading():
            await self._read(loader.load)

    async def commit(self, batches: Sequence[Batch], digests: Sequence[bytes]) -> set[int]:
        values = parameters(batches, digests, self._writer)
        try:
            connection = await self._connected()
            return await bounded(connection, _write(connection, values), self._patience_s)
        except psycopg.errors.UniqueViolation as error:
            raise HeadMovedError from error
        except (psycopg.Error, OSError) as error:
            await self._drop()
            if isinstance(error, psycopg.errors.InsufficientPrivilege):
                raise EvidenceDownError from error
            if isinstance(error, psycopg.Error) and not is_outage(error):
                raise LogRefusedError from error
            raise LogDownError from error
        except asyncio.CancelledError:
            await self._drop()
            raise

    async def settle(self, batches: Sequence[Batch], digests: Sequence[bytes]) -> set[int]:
        heads = [batch.book.head for batch in batches]
        asked = {
            "shards": numbers(head.shard for head in heads),
            "digests": blobs(digests),
            "previous": blobs(head.digest for head in heads),
        }

        async def read(connection: psycopg.AsyncConnection[TupleRow]) -> set[int]:
            return {row[0] for row in await fetch(connection, STATEMENTS["find_batches"], asked)}

        return await self._read(read)

    async def due_holds(self, now_us: int) -> list[DueHold]:
        async def read(connection: psycopg.AsyncConnection[TupleRow]) -> list[DueHold]:
            rows = await fetch_named(connection, STATEMENTS["due_holds"], {"now": now_us})
            return [DueHold(licensee=row.licensee, player=row.player, source=row.source, key=row.key) for row in rows]

        return await self._read(read)

    async def due_rounds(self, now_us: int) -> list[DueRound]:
        async def read(connection: psycopg.AsyncConnection[TupleRow]) -> list[DueRound]:
            # First those that had news since, until there are none: what is left at the front was idle for too long.
            while await fetch(connection, STATEMENTS["postpone_rounds"], {"now": now_us}):
                pass
            rows = await fetch_named(connection, STATEMENTS["due_rounds"], {"now": now_us})
            return [DueRound(licensee=row.licensee, player=row.player, source=row.source, key=row.key) for row in rows]

        return await self._read(read)

    async def close(self) -> None:
        await self._drop()

    async def _open(self, statement: str, shards: Iterable[int]) -> dict[int, Book]:
        wanted = sorted(shards)

        async def read(connection: psycopg.AsyncConnection[TupleRow]) -> dict[int, Book]:
            heads = [Head(*row) for row in await fetch(connection, STATEMENTS[statement], {"shards": wanted})]
            return {head.shard: Book(head) for head in heads}

        return await self._read(read)

    async def _let_go(self) -> None:
        if self._connection is not None and _is_holding(self._connection):
            try:
                await bounded(self._connection, self._connection.rollback(), self._patience_s)
            except (psycopg.Error, OSError):
                await self._drop()

    async def _read(self, work: Callable[[psycopg.AsyncConnection[TupleRow]], Awaitable[T]]) -> T:
        try:
            connection = await self._connected()
            return await bounded(connection, work(connection), self._patience_s)
        except (psycopg.Error, OSError) as error:
            await self._drop()
            if isinstance(error, psycopg.Error) and not is_outage(error):
                raise
            raise LogDownError from error
        except asyncio.CancelledError:
            await self._drop()
            raise

    async def _connected(self) -> PromptConnection:
        if self._connection is None or self._connection.closed:
            connection = await connect_prompt(self._url, name=self._writer, statement_timeout_ms=self._timeout_ms)
            await connection.execute(_SESSION)
            self._connection = connection
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _begin(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    await connection.execute("BEGIN")


async def _write(connection: PromptConnection, values: dict[str, str | None]) -> set[int]:
    rows = await fetch(connection, commit_statement(values), values)
    if _is_holding(connection):
        await connection.commit()
    return {row[0] for row in rows}


def _is_holding(connection: PromptConnection) -> bool:
    return not connection.closed and connection.info.transaction_status is not TransactionStatus.IDLE
