"""Connections to a real PostgreSQL that is killed, frozen and busy."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from mesh import database, failures
from mesh.dev import postgres
from mesh.dev.ports import free_port
from mesh.errors import OverloadedError


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    with postgres.start() as running:
        running.create_database("mesh_test")
        yield running


@pytest.fixture
def url(server: postgres.Postgres) -> str:
    return server.database("mesh_test").service_url


@pytest.fixture
async def pool(url: str) -> AsyncIterator[database.Pool]:
    opened = database.Pool(url, name="pool", size=2, wait_s=0.2)
    yield opened
    await opened.close()


async def one(connection: database.Connection, statement: Any) -> Any:
    row = await (await connection.execute(statement)).fetchone()
    assert row is not None
    return row[0]


async def process_id(pool: database.Pool) -> int:
    async with pool.connection() as connection:
        return int(await one(connection, "SELECT pg_backend_pid()"))


async def test_a_connection_has_a_name_and_bounds(url: str) -> None:
    async with await database.connect(url, name="wallet engine", statement_timeout_ms=1_000) as connection:
        assert await one(connection, "SHOW application_name") == "wallet engine"
        with pytest.raises(psycopg.errors.QueryCanceled) as raised:
            await connection.execute("SELECT pg_sleep(60)")
        assert database.is_outage(raised.value)
        assert await one(connection, "SELECT 1") == 1


async def test_a_connection_is_used_again(pool: database.Pool) -> None:
    assert await process_id(pool) == await process_id(pool)


async def test_who_waits_too_long_for_a_connection_is_refused(pool: database.Pool) -> None:
    async with pool.connection(), pool.connection():
        with pytest.raises(OverloadedError):
            async with pool.connection():
                pass
    assert await process_id(pool)


async def test_a_failed_statement_does_not_cost_the_connection(pool: database.Pool) -> None:
    before = await process_id(pool)
    with pytest.raises(psycopg.errors.UndefinedTable):
        async with pool.connection() as connection:
            await connection.execute("SELECT * FROM missing")
    assert await process_id(pool) == before


async def test_an_abandoned_transaction_is_not_handed_to_the_next(pool: database.Pool) -> None:
    before = await process_id(pool)

    async def abandon() -> None:
        async with pool.connection() as connection:
            await connection.execute("BEGIN")
            raise KeyError

    with pytest.raises(KeyError):
        await abandon()
    assert await process_id(pool) != before


async def test_after_a_crash_of_the_server_every_idle_connection_is_made_anew(
    server: postgres.Postgres, pool: database.Pool
) -> None:
    async with pool.connection(), pool.connection():
        pass
    server.kill()
    await asyncio.to_thread(server.start)
    with pytest.raises(psycopg.OperationalError) as raised:
        await process_id(pool)
    assert failures.understand(raised.value).reason == "ERROR_REASON_DEPENDENCY_DOWN"
    assert await process_id(pool)


async def test_a_frozen_server_is_given_up_in_time_and_the_next_connection_works(
    server: postgres.Postgres, url: str
) -> None:
    connection = await database.connect_prompt(url, name="frozen")
    backend = int(await one(connection, "SELECT pg_backend_pid()"))
    with Frozen(backend):
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError) as raised:
            await database.bounded(connection, connection.execute("SELECT 1"), 0.2)
        assert 0.19 <= time.monotonic() - began < 4
        assert database.is_outage(raised.value)
    assert connection.closed
    async with await database.connect(url, name="thawed") as again:
        assert await one(again, "SELECT 1") == 1


async def test_a_call_that_is_cancelled_does_not_wait_for_a_frozen_server(url: str) -> None:
    connection = await database.connect_prompt(url, name="frozen")
    backend = int(await one(connection, "SELECT pg_backend_pid()"))
    with Frozen(backend):
        task = asyncio.create_task(database.bounded(connection, connection.execute("SELECT 1"), 30))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # The driver would wait five seconds for a server that stands still.
        assert time.monotonic() - began < 4


async def test_work_that_ends_in_time_is_not_disturbed(url: str) -> None:
    async with await database.connect_prompt(url, name="quick") as connection:
        cursor = await database.bounded(connection, connection.execute("SELECT 7"), 5)
        assert await cursor.fetchone() == (7,)
        with pytest.raises(psycopg.errors.DivisionByZero):
            await database.bounded(connection, connection.execute("SELECT 1/0"), 5)
        assert not connection.closed


async def test_an_engine_checks_its_connections_before_use(server: postgres.Postgres, url: str) -> None:
    engine = database.engine(url, name="reports", size=1)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar() == 1
    server.kill()
    await asyncio.to_thread(server.start)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SHOW application_name"))).scalar() == "reports"
    await engine.dispose()


async def test_a_server_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(psycopg.OperationalError) as raised:
        await database.connect(f"postgresql://user:canary@127.0.0.1:{free_port()}/none", name="none")
    assert database.is_outage(raised.value)
    assert "canary" not in str(raised.value)


def test_mistakes_of_ours_are_not_outages() -> None:
    assert not database.is_outage(psycopg.errors.UniqueViolation())
    assert not database.is_outage(ValueError())
    assert database.is_outage(psycopg.errors.ReadOnlySqlTransaction())
    assert database.is_outage(psycopg.errors.AdminShutdown())


class Frozen:
    """One server process stopped for a while."""

    def __init__(self, process: int) -> None:
        self._process = process

    def __enter__(self) -> None:
        os.kill(self._process, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self._process, signal.SIGCONT)
