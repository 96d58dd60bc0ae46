from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest

from mesh.dev import postgres
from mesh.dev.postgres import Database, Postgres
from tests.integration.wallet_svc.books import problems_in
from tests.integration.wallet_svc.ledger import SHARDS, Ledger
from wallet_svc.migrate import upgrade

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """One PostgreSQL for every test of a worker."""
    with postgres.start() as running:
        yield running


@pytest.fixture
def empty_database(server: Postgres) -> Iterator[Database]:
    made = server.create_database(f"ledger_{next(_numbers)}")
    yield made
    server.drop_database(made.name)


@pytest.fixture
def database(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A migrated ledger. Whatever a test did to it, the books must be right at the end."""
    monkeypatch.setenv("PITBOSS_SHARDS", str(SHARDS))
    upgrade(empty_database.owner_url)
    yield empty_database
    assert problems_in(empty_database.reader_url) == []


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    """A licensee with a provider and a game, and engines on demand."""
    async with Ledger.open(database) as opened:
        yield opened
