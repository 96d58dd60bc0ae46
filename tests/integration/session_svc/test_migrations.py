"""The database: made by its owner, used by the service, read by others."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from mesh import migrations
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.postgres import Database, Postgres
from session_svc.migrate import SCHEMA
from session_svc.store import tables as declared


@pytest.fixture
def empty(server: Postgres) -> Database:
    name = f"pitboss_{os.urandom(4).hex()}"
    return server.create_database(name)


def run(url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "session_svc", "migrate"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHON_PATH, "PITBOSS_DATABASE_URL": url, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def version(url: str) -> int:
    with psycopg.connect(url) as connection:
        return migrations.version(connection)


def test_an_empty_database_is_brought_to_the_newest_version_and_a_second_run_changes_nothing(empty: Database) -> None:
    assert run(empty.owner_url).returncode == 0
    assert version(empty.owner_url) == SCHEMA.newest
    again = run(empty.owner_url)
    assert (again.returncode, again.stderr) == (0, "")


def test_several_migrators_at_once_take_turns(empty: Database) -> None:
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(run, [empty.owner_url] * 3))
    assert [each.returncode for each in done] == [0, 0, 0], [each.stderr for each in done]
    assert version(empty.owner_url) == SCHEMA.newest


def _is_ours(name: str | None, kind: str, _: object) -> bool:
    return (kind, name) != ("table", "schema_migration")


def test_the_tables_in_the_code_are_the_tables_in_the_database(tables: Database) -> None:
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(tables.owner_url))
    with engine.connect() as connection:
        compared = {"compare_type": True, "compare_server_default": True, "include_name": _is_ours}
        context = MigrationContext.configure(connection, opts=compared)
        differences = [
            one
            for one in compare_metadata(context, declared.metadata)
            # Comments live in the migrations alone.
            if "comment" not in str(one[0] if isinstance(one, tuple) else one[0][0])
        ]
    engine.dispose()
    assert differences == []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM session",
        "DELETE FROM session_change",
        "TRUNCATE session_change",
        "UPDATE session_change SET state = 'closed'",
        "UPDATE session SET licensee = 'another'",
        "UPDATE session SET token_digest = ''",
        "DROP TABLE session",
        "UPDATE schema_migration SET number = 0",
    ],
)
def test_the_service_cannot_rewrite_what_happened(tables: Database, statement: str) -> None:
    with psycopg.connect(tables.service_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_rights_are_given_to_the_role_that_is_named(server: Postgres, empty: Database) -> None:
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE somebody_else NOLOGIN")
    assert run(empty.owner_url, PITBOSS_SERVICE_ROLE="somebody_else").returncode == 0
    with psycopg.connect(empty.owner_url) as owner:
        row = owner.execute("SELECT has_table_privilege('somebody_else', 'session', 'INSERT')").fetchone()
    assert row == (True,)


def test_a_role_that_is_missing_fails_the_migration_with_its_name(empty: Database) -> None:
    done = run(empty.owner_url, PITBOSS_SERVICE_ROLE="nobody_here")
    assert done.returncode != 0
    assert "nobody_here" in done.stderr


def test_without_an_address_the_migration_says_what_is_missing() -> None:
    done = run("")
    assert done.returncode == 2
    assert "PITBOSS_DATABASE_URL" in done.stderr
