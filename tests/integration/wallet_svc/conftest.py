from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from mesh.dev import postgres
from mesh.dev.postgres import Database, Postgres
from tests.integration.wallet_svc.books import problems_in
from tests.integration.wallet_svc.ledger import SHARDS, Ledger
from wallet_svc.migrate import upgrade

_numbers = itertools.count(1)
_TABLES = (
    "attempt, upstream_attempt, refused_message, pending_call, reserved_deposit, suspension, source_health, rate, day_total, transfer, batch, player, account, round, hold, play, "
    "licensee, asset, provider_account, game"
)


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """One PostgreSQL for every test of a worker."""
    with postgres.start() as running:
        yield running


@pytest.fixture
def empty_database(server: Postgres) -> Iterator[Database]:
    made = server.create_database(f"empty_{next(_numbers)}")
    yield made
    server.drop_database(made.name)


@pytest.fixture(scope="session")
def migrated(server: Postgres) -> Database:
    made = server.create_database("ledger")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PITBOSS_SHARDS", str(SHARDS))
        upgrade(made.owner_url)
    return made


@pytest.fixture
def database(server: Postgres, migrated: Database) -> Iterator[Database]:
    """An empty ledger. Whatever a test did to it, the books must be right at the end."""
    empty(server)
    yield migrated
    assert problems_in(migrated.reader_url) == []


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    """A licensee with a provider and a game, and engines on demand."""
    async with Ledger.open(database) as opened:
        yield opened


def empty(server: Postgres) -> None:
    """Make the ledger as new. Quicker than a new database."""
    with psycopg.connect(server.admin_url.removesuffix("/postgres") + "/ledger", autocommit=True) as admin:
        # Only the superuser can empty a ledger, and only with its triggers off.
        admin.execute("SET session_replication_role = replica")
        admin.execute(f"TRUNCATE {_TABLES} RESTART IDENTITY".encode())
        admin.execute("DELETE FROM source WHERE id > 4")
        admin.execute("UPDATE total_cursor SET sequence = 0")
        admin.execute(
            "UPDATE shard SET next_sequence = 1, next_id = 1, registry_version = registry_version + 1, frontier = '',"
            " digest = decode(repeat('00', 32), 'hex')"
        )
