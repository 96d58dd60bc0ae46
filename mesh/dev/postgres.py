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

import os
import tempfile
from pathlib import Path

from mesh.dev.accounts import Account, reachable, unprivileged
from mesh.dev.paths import RUNS
from mesh.dev.ports import free_port
from mesh.dev.postgres_server import ADMIN, Database, Postgres
from mesh.dev.postgres_template import DATABASES, Preparation, copy_template

__all__ = ["DATABASES", "Database", "Postgres", "Preparation", "start"]


def start(
    directory: Path | None = None, *, port: int | None = None, preparation: Preparation | None = None
) -> Postgres:
    """Start a server on fresh data with the three default databases and new passwords.

    `directory` receives the log; the data is there too unless the user PostgreSQL must
    run as could not reach it. `preparation` fills the databases, once for each digest.
    """
    account = unprivileged()
    directory = directory or _new_run_folder()
    data = _data_folder(directory, account)
    first_password = copy_template(data, account, preparation)
    log = directory / "log" / "postgres.log"
    server = Postgres(data=data, port=port or free_port(), log=log, account=account, passwords={ADMIN: first_password})
    server.start()
    server.change_passwords(DATABASES)
    return server


def _new_run_folder() -> Path:
    RUNS.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="postgres-", dir=RUNS))


def _data_folder(directory: Path, account: Account | None) -> Path:
    """A new empty place for data, as near to `directory` as the account can get."""
    directory.mkdir(parents=True, exist_ok=True)
    if account is not None and directory.stat().st_uid == os.geteuid():
        directory.chmod(directory.stat().st_mode | 0o011)
    parent = reachable(directory / "data", account)
    parent.chmod(0o711 if account else 0o700)
    return Path(tempfile.mkdtemp(prefix="postgres-", dir=parent))
