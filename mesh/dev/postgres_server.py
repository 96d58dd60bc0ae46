"""One PostgreSQL server as a child process, and the databases and roles in it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from mesh.dev.accounts import Account
from mesh.dev.child import Child, Command, spawn
from mesh.dev.postgres_programs import binaries, environment

ADMIN = "pitboss_admin"
ROLES = ("owner", "service", "reader")


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
        self._passwords |= {f"{name}_{role}": password() for role in ROLES}
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            make_database(admin, name)
            set_passwords(admin, {role: self._passwords[role] for role in roles(name)})
        with psycopg.connect(self._url(name, ADMIN), autocommit=True) as inside:
            prepare_database(inside, name)
        return self.database(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and its roles, whoever is connected."""
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            for role in roles(name):
                admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))

    def checkpoint(self) -> None:
        """Write to disk now what would be written little by little."""
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute("CHECKPOINT")

    def start(self, timeout_s: float = 60.0) -> None:
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

    def change_passwords(self, names: Iterable[str], *, superuser: bool = True) -> None:
        """Give the roles of these databases new passwords, and the superuser."""
        fresh = {role: password() for name in names for role in roles(name)}
        if superuser:
            fresh[ADMIN] = password()
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            set_passwords(admin, fresh)
        self._passwords |= fresh

    def _launch(self) -> None:
        self._child = spawn(
            Command(
                name="postgres",
                argv=[str(binaries(self._account) / "postgres"), "-D", str(self.data), "-p", str(self.port)],
                environment=environment(),
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


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def make_database(admin: psycopg.Connection, name: str) -> None:
    """Make a database that only its three roles can enter."""
    for role in roles(name):
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 STRATEGY FILE_COPY").format(
            sql.Identifier(name), sql.Identifier(f"{name}_owner")
        )
    )
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    for role in roles(name):
        admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(role)))


def prepare_database(inside: psycopg.Connection, name: str) -> None:
    """What can only be set from inside."""
    owner, reader = sql.Identifier(f"{name}_owner"), sql.Identifier(f"{name}_reader")
    inside.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    inside.execute(sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT SELECT ON TABLES TO {}").format(owner, reader))
    inside.execute(sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT USAGE ON SCHEMAS TO {}").format(owner, reader))
    inside.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(reader))


def set_passwords(admin: psycopg.Connection, passwords: dict[str, str]) -> None:
    """Change the passwords of roles."""
    with admin.transaction():
        for role, password in passwords.items():
            # The verifier is computed here, so that no password ever stands in a statement.
            verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
            admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))


def roles(name: str) -> list[str]:
    """The three roles of a database."""
    return [f"{name}_{role}" for role in ROLES]


def password() -> str:
    """A new one, safe in a URL."""
    return secrets.token_urlsafe(24)
