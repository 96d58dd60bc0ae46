"""Migrations on a real database: killed half way, twice at once, beside services that work."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from mesh import migrations
from mesh.dev import postgres
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.postgres import Database, Postgres
from mesh.migrations import MigrationError, Schema

_numbers = itertools.count(1)
_RUN = "import sys, pathlib; from mesh import migrations as m; m.main(m.Schema(folder=pathlib.Path(sys.argv[1])))"
_FOREVER = "SELECT pg_sleep(60);"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.start() as running:
        yield running


@pytest.fixture
def empty(server: Postgres) -> Database:
    return server.create_database(f"migrated_{next(_numbers)}")


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., Schema]:
    """A schema of these files; the first one is 0001."""

    def write(*texts: str, grants: str = "", roles: dict[str, str] | None = None) -> Schema:
        for number, text in enumerate(texts, 1):
            (tmp_path / f"{number:04}_step.sql").write_text(text)
        (tmp_path / "grants.sql").write_text(grants)
        return Schema(folder=tmp_path, roles=roles or {})

    return write


def start(schema: Schema, url: str) -> subprocess.Popen[bytes]:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": PYTHON_PATH, "PITBOSS_DATABASE_URL": url}
    return subprocess.Popen([sys.executable, "-c", _RUN, str(schema.folder)], env=environment, cwd=ROOT)


def tables(database: Database) -> set[str]:
    with psycopg.connect(database.owner_url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {name for (name,) in rows} - {"schema_migration"}


def version(database: Database) -> int:
    with psycopg.connect(database.owner_url) as connection:
        return migrations.version(connection)


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def sleeping(database: Database) -> bool:
    """Whether a migrator is in the middle of a file."""
    with psycopg.connect(database.owner_url) as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%'").fetchone()
    return row is not None and row[0] > 1


def test_files_are_applied_once_and_in_order(empty: Database, files: Callable[..., Schema]) -> None:
    schema = files("CREATE TABLE a ();", "ALTER TABLE a RENAME TO b;")
    for _ in range(2):
        migrations.upgrade(schema, empty.owner_url)
        assert (tables(empty), version(empty)) == ({"b"}, 2)


def test_a_migrator_that_is_killed_in_a_file_leaves_nothing_of_it_and_the_next_one_goes_on(
    empty: Database, files: Callable[..., Schema]
) -> None:
    schema = files("CREATE TABLE a ();", f"CREATE TABLE b (); {_FOREVER}", "CREATE TABLE c ();")
    migrator = start(schema, empty.owner_url)
    wait_until(lambda: sleeping(empty))
    migrator.kill()
    migrator.wait()
    assert (tables(empty), version(empty)) == ({"a"}, 1)
    # The server notices by itself that the migrator is gone: nobody has to end its session.
    migrations.upgrade(files("CREATE TABLE a ();", "CREATE TABLE b ();", "CREATE TABLE c ();"), empty.owner_url)
    assert (tables(empty), version(empty)) == ({"a", "b", "c"}, 3)


def test_a_file_without_a_transaction_is_repeated_until_it_is_done(
    empty: Database, files: Callable[..., Schema]
) -> None:
    steps = (
        "-- autocommit\nCREATE TABLE IF NOT EXISTS a (n int);\n{}CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (n);"
    )
    migrator = start(files(steps.format(f"{_FOREVER}\n")), empty.owner_url)
    wait_until(lambda: sleeping(empty))
    migrator.kill()
    migrator.wait()
    assert (tables(empty), version(empty)) == ({"a"}, 0)
    migrations.upgrade(files(steps.format("")), empty.owner_url)
    assert version(empty) == 1


def test_several_migrators_at_once_take_turns(empty: Database, files: Callable[..., Schema]) -> None:
    schema = files("SELECT pg_sleep(0.5); CREATE TABLE a ();", "CREATE TABLE b ();")
    migrators = [start(schema, empty.owner_url) for _ in range(3)]
    assert [each.wait(60) for each in migrators] == [0, 0, 0]
    assert (tables(empty), version(empty)) == ({"a", "b"}, 2)


def test_a_file_that_fails_leaves_the_files_before_it(empty: Database, files: Callable[..., Schema]) -> None:
    with pytest.raises(errors.UndefinedTable):
        migrations.upgrade(files("CREATE TABLE a ();", "CREATE TABLE b (); DROP TABLE nothing;"), empty.owner_url)
    assert (tables(empty), version(empty)) == ({"a"}, 1)


def test_a_file_that_was_changed_after_it_was_applied_is_found(empty: Database, files: Callable[..., Schema]) -> None:
    migrations.upgrade(files("CREATE TABLE a ();"), empty.owner_url)
    with pytest.raises(MigrationError, match=r"0001_step[.]sql"):
        migrations.upgrade(files("CREATE TABLE a (n int);", "CREATE TABLE b ();"), empty.owner_url)
    assert tables(empty) == {"a"}


def test_the_migrator_of_an_older_release_changes_nothing(empty: Database, files: Callable[..., Schema]) -> None:
    roles, role = {"service_role": "service"}, f"{empty.name}_service"
    new = "GRANT SELECT, INSERT ON a TO {service_role};"
    migrations.upgrade(files("CREATE TABLE a ();", "CREATE TABLE b ();", grants=new, roles=roles), empty.owner_url)
    old = files("CREATE TABLE a ();", grants="GRANT SELECT ON a TO {service_role};", roles=roles)
    (old.folder / "0002_step.sql").unlink()
    migrations.upgrade(old, empty.owner_url)
    assert (version(empty), may(empty, role, "INSERT")) == (2, True)


def may(database: Database, role: str, right: str) -> bool:
    with psycopg.connect(database.owner_url) as connection:
        row = connection.execute("SELECT has_table_privilege(%s, 'a', %s)", (role, right)).fetchone()
    return row == (True,)


def test_rights_are_those_of_the_file_and_no_others(empty: Database, files: Callable[..., Schema]) -> None:
    roles, role = {"service_role": "service"}, f"{empty.name}_service"
    generous = "GRANT SELECT, DELETE ON a TO {service_role};"
    migrations.upgrade(files("CREATE TABLE a ();", grants=generous, roles=roles), empty.owner_url)
    assert may(empty, role, "DELETE")
    migrations.upgrade(
        files("CREATE TABLE a ();", grants="GRANT SELECT ON a TO {service_role};", roles=roles), empty.owner_url
    )
    assert (may(empty, role, "SELECT"), may(empty, role, "DELETE")) == (True, False)


def test_a_migrator_that_waits_for_a_lock_keeps_no_service_waiting(
    empty: Database, files: Callable[..., Schema]
) -> None:
    migrations.upgrade(files("CREATE TABLE a (n int);"), empty.owner_url)
    schema = files("CREATE TABLE a (n int);", "ALTER TABLE a ADD COLUMN m int;")
    waiting = threading.Thread(target=migrations.upgrade, args=(schema, empty.owner_url))
    longest = 0.0
    with psycopg.connect(empty.owner_url) as busy, psycopg.connect(empty.owner_url, autocommit=True) as service:
        busy.execute("SELECT count(*) FROM a")
        waiting.start()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            began = time.monotonic()
            service.execute("SELECT count(*) FROM a")
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.01)
        assert version(empty) == 1
    waiting.join(60)
    assert version(empty) == 2
    # It would be waited for as long as the other transaction runs, which here is until this loop ends.
    assert longest < 10
