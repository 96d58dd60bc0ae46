"""Data to start from: initdb, roles, databases and tables, made once and copied from then on."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mesh.dev.accounts import Account, reachable
from mesh.dev.files import write_private
from mesh.dev.paths import CACHE
from mesh.dev.ports import free_port
from mesh.dev.postgres_programs import binaries, environment, locked, version
from mesh.dev.postgres_server import ADMIN, Postgres, password

DATABASES = ("pitboss_wallet", "pitboss_session", "pitboss_compliance", "pitboss_audit")
KEPT = 3
"""Templates that are kept: those used last."""

_FIRST_PASSWORD = "first-password"  # noqa: S105 - the name of a file
_LOG = "postgres-template.log"
_NEW, _SPARE = "new-postgres-", "spare-"

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
class Preparation:
    """What is put into the databases of a template."""

    digest: str
    """Names the content: another content has another digest."""
    run: Callable[[Postgres], None]


def copy_template(data: Path, account: Account | None, preparation: Preparation | None) -> str:
    """Fill an empty data folder; returns the superuser's password in it."""
    with _fresh_template(account, preparation) as template:
        if not _take_spare(template, data):
            _copy(template, data, account)
    first = data / _FIRST_PASSWORD
    secret = first.read_text()
    first.unlink()
    return secret


def make_spare(account: Account | None, preparation: Preparation | None) -> None:
    """Keep a copy ready, which the next start takes by its name: copying two thousand files takes up to seconds."""
    with _fresh_template(account, preparation) as template:
        if not (spare := _spare_of(template)).exists():
            _make(spare, account, lambda work: _copy(template, work, account))


@contextmanager
def _fresh_template(account: Account | None, preparation: Preparation | None) -> Iterator[Path]:
    """The template, locked while it is copied, so that nobody tidies it away meanwhile."""
    cache = reachable(CACHE, account, otherwise="cache")
    with locked(cache / "postgres.lock"):
        template = _template(cache, account, preparation)
        os.utime(template)
        _tidy(cache)
        yield template


def _spare_of(template: Path) -> Path:
    return template.with_name(f"{_SPARE}{template.name}")


def _take_spare(template: Path, data: Path) -> bool:
    """False if there is none, or if it lies on another disk."""
    try:
        _spare_of(template).rename(data)
    except OSError:
        return False
    return True


def _template(cache: Path, account: Account | None, preparation: Preparation | None) -> Path:
    recipe = _recipe(account)
    plain = cache / f"postgres-{recipe}"
    if not plain.exists():
        _make(plain, account, lambda work: _make_plain(work, account))
    if preparation is None:
        return plain
    prepared = cache / f"postgres-{recipe}-{preparation.digest}"
    if not prepared.exists():
        _make(prepared, account, lambda work: _make_prepared(plain, work, account, preparation))
    return prepared


def _recipe(account: Account | None) -> str:
    """Names what the template was made from, so that a change of any of it makes a new one."""
    owner = account.uid if account else os.geteuid()
    code = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("postgres*.py"))]
    parts = (version(), DATABASES, owner, code)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _make(target: Path, account: Account | None, fill: Callable[[Path], None]) -> None:
    (target.parent / _LOG).unlink(missing_ok=True)
    work = Path(tempfile.mkdtemp(prefix=_NEW, dir=target.parent))
    try:
        _give(work, account)
        fill(work)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _make_plain(work: Path, account: Account | None) -> None:
    first = password()
    _initdb(work, account, first)
    server = _server(work, account, first)
    try:
        server.start()
        for name in DATABASES:
            server.create_database(name)
    finally:
        server.stop()


def _make_prepared(plain: Path, work: Path, account: Account | None, preparation: Preparation) -> None:
    _copy(plain, work, account)
    server = _server(work, account, (work / _FIRST_PASSWORD).read_text())
    try:
        server.start()
        # The superuser's password stays, because it is what the next copy begins with.
        server.change_passwords(DATABASES, superuser=False)
        preparation.run(server)
    finally:
        server.stop()


def _server(work: Path, account: Account | None, first: str) -> Postgres:
    log = work.parent / _LOG
    return Postgres(data=work, port=free_port(), log=log, account=account, passwords={ADMIN: first})


def _copy(template: Path, data: Path, account: Account | None) -> None:
    subprocess.run(["cp", "-a", "--reflink=auto", f"{template}/.", str(data)], check=True)  # noqa: S607
    _give(data, account)


def _give(folder: Path, account: Account | None) -> None:
    if account:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def _tidy(cache: Path) -> None:
    # Whoever makes something holds the lock, which is ours now: these were left by somebody who was killed.
    for unfinished in cache.glob(f"{_NEW}*/"):
        shutil.rmtree(unfinished, ignore_errors=True)
    found = sorted(cache.glob("postgres-*/"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for old in found[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    kept = {_spare_of(template) for template in found[:KEPT]}
    for spare in set(cache.glob(f"{_SPARE}*/")) - kept:
        shutil.rmtree(spare, ignore_errors=True)


def _initdb(data: Path, account: Account | None, first_password: str) -> None:
    data.chmod(0o700)
    first = write_private(data.with_name(f"{data.name}.pw"), first_password)
    if account:
        os.chown(data, account.uid, account.gid)
        os.chown(first, account.uid, account.gid)
    try:
        _run_as(
            account,
            [str(binaries(account) / "initdb"), "-D", str(data), "-U", ADMIN, "--pwfile", str(first), "-E", "UTF8",
             "--auth=scram-sha-256", "--locale-provider=builtin", "--locale=C.UTF-8", "--data-checksums", "--no-sync",
             "--no-instructions"],
        )  # fmt: skip
        (data / "postgresql.conf").write_text(SETTINGS)
        (data / "pg_hba.conf").write_text(HBA)
        first.rename(data / _FIRST_PASSWORD)
    finally:
        first.unlink(missing_ok=True)


def _run_as(account: Account | None, command: list[str]) -> None:
    ids = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    done = subprocess.run(command, cwd="/", env=environment(), capture_output=True, text=True, check=False, **ids)  # type: ignore[call-overload]
    if done.returncode != 0:
        message = f"{Path(command[0]).name} failed:\n{done.stderr[-2000:]}"
        raise RuntimeError(message)
