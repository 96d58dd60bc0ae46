"""A real PostgreSQL with the session service's tables."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import database
from mesh.dev import postgres
from mesh.dev.postgres import Database, Postgres
from session_svc.migrate import upgrade
from session_svc.store.sealing import Vault
from session_svc.store.sessions import PostgresSessions

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.start() as running:
        yield running


@pytest.fixture(scope="module")
def tables(server: Postgres) -> Database:
    found = server.database("pitboss_session")
    upgrade(found.owner_url)
    return found


@pytest.fixture
async def engine(tables: Database) -> AsyncIterator[AsyncEngine]:
    opened = database.engine(tables.service_url, name="test", size=16)
    yield opened
    await opened.dispose()


@pytest.fixture
def vault() -> Vault:
    return Vault([b"k" * 32])


@pytest.fixture
def sessions(engine: AsyncEngine, vault: Vault) -> PostgresSessions:
    return PostgresSessions(engine, vault)


@pytest.fixture
def licensee() -> str:
    """One of its own for each test, so that tests share tables and nothing else."""
    return f"licensee-{next(_NUMBERS)}"
