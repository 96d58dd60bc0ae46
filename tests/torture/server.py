"""The PostgreSQL of a run: durable commits, quick recovery, on a disk of its own where there can be one."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import replace
from pathlib import Path

import psycopg

from mesh import migrations
from mesh.dev.accounts import unprivileged
from mesh.dev.ports import free_port
from mesh.dev.postgres_server import ADMIN, Postgres
from mesh.dev.postgres_template import DATABASES, copy_template

DATABASE = "pitboss_wallet"
SHARDS = 4

# Kills come every second or two: recovery must be short, and sessions of the dead must not linger.
_SETTINGS = """
max_wal_size = '256MB'
min_wal_size = '80MB'
checkpoint_timeout = '30s'
shared_buffers = '128MB'
recovery_init_sync_method = 'syncfs'
log_min_duration_statement = -1
log_checkpoints = off
"""


def make(folder: Path, logs: Path, settings: str = "") -> Postgres:
    """A server that has never run, with its data in `folder`."""
    account = unprivileged()
    data = folder / "data"
    data.mkdir()
    password = copy_template(data, account, None)
    with (data / "postgresql.conf").open("a") as file:
        file.write(_SETTINGS + settings)
    passwords = {ADMIN: password}
    return Postgres(data=data, port=free_port(), log=logs / "postgres.log", account=account, passwords=passwords)


def prepare(server: Postgres) -> None:
    """Start for the first time, with new passwords and the wallet's tables."""
    from wallet_svc.migrate import schema  # noqa: PLC0415 - a second to import, and only the driver's process needs it

    server.start()
    server.change_passwords(DATABASES)
    few = replace(schema(), settings={"shards": str(SHARDS)})
    migrations.upgrade(few, server.database(DATABASE).owner_url)


def kill_backend(server: Postgres, replica: str) -> bool:
    """SIGKILL for one session of a wallet: the server then ends all sessions and recovers by itself."""
    try:
        with psycopg.connect(server.admin_url, connect_timeout=2) as admin:
            found = admin.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = %s ORDER BY backend_start DESC", (replica,)
            ).fetchone()
    except psycopg.Error:
        return False
    if found is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(found[0], signal.SIGKILL)
        return True
    return False
