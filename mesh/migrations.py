"""Migrations: numbered SQL files, each applied once and in order, under the owner's role. Forward only.

    0001_ledger.sql  0002_attempts.sql  ...  grants.sql

A file is one transaction together with the note that it was applied: a migrator that is killed leaves the database
between two files, and the next one goes on there. A file that begins with `-- autocommit` runs statement by statement
outside of a transaction (CREATE INDEX CONCURRENTLY); each of its statements must be safe to repeat.

Services run while this runs. So a statement waits only a moment for a lock, and tries again, instead of letting
everybody queue up behind it; a file changes only what the service of the release before can live with; and a migrator
that meets a newer database than it knows does nothing at all.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]

_FILE = re.compile(r"(?P<number>[0-9]{4})_[a-z0-9_]+[.]sql")
_AUTOCOMMIT = "-- autocommit"
_LOCK_WAIT_MS = 1_000
_LOCK_ATTEMPTS = 60
_PAUSE_S = 0.25

_APPLIED = """
CREATE TABLE IF NOT EXISTS schema_migration (
    number smallint PRIMARY KEY,
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationError(RuntimeError):
    """The files and the database do not belong together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The tables of one service."""

    folder: Path
    """Where the files are."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Placeholder in `grants.sql` to the ending of the role's name after the name of the database.

    The variable PITBOSS_<PLACEHOLDER> names another role: `service_role` is `<database>_service` by default, or
    what PITBOSS_SERVICE_ROLE says.
    """
    settings: Mapping[str, str] = field(default_factory=dict)
    """What files may read with current_setting('pitboss.<name>')."""

    def files(self) -> list[Path]:
        """The numbered files, in order. MigrationError when a number is missing or stands twice."""
        found = sorted(path for path in self.folder.iterdir() if _FILE.fullmatch(path.name))
        if [_number(path) for path in found] != list(range(1, len(found) + 1)):
            raise MigrationError(f"{self.folder} does not count 1, 2, 3, ...: {', '.join(path.name for path in found)}")
        return found

    @property
    def newest(self) -> int:
        """Number of the last file."""
        return _number(self.files()[-1])


def main(schema: Schema) -> None:
    """Bring the database in PITBOSS_DATABASE_URL to the newest version."""
    url = os.environ.get("PITBOSS_DATABASE_URL")
    if not url:
        sys.stderr.write("PITBOSS_DATABASE_URL is not set. Address of the database, with the role of its owner.\n")
        raise SystemExit(2)
    upgrade(schema, url)


def upgrade(schema: Schema, url: str, *, roles: Mapping[str, str] | None = None) -> None:
    """Apply what is missing, then the services' rights. Safe to run twice, at once, and to kill at any moment.

    Errors: MigrationError when a file was changed after it was applied; psycopg.Error when a file fails, which then
    left nothing behind.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        # Two migrators at once take turns. The lock ends with the connection, and so does all work under way;
        # the server looks now and then whether there still is somebody.
        connection.execute("SET client_connection_check_interval = '1s'")
        connection.execute("SELECT pg_advisory_lock(hashtext('pitboss migrations'))")
        _become_owner(connection)
        connection.execute(_APPLIED.encode())
        connection.execute(f"SET lock_timeout = {_LOCK_WAIT_MS}".encode())
        for name, value in schema.settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", (f"pitboss.{name}", value))
        if version(connection) > schema.newest:
            return
        for path in _missing(connection, schema):
            _patiently(connection, path)
        _grant(connection, schema, roles or {})


def _become_owner(connection: Connection) -> None:
    """Work as the role in PITBOSS_OWNER_ROLE: the owner of the tables, who cannot log in and so never comes by."""
    owner = os.environ.get("PITBOSS_OWNER_ROLE")
    if owner:
        connection.execute(f"SET ROLE {sql.Identifier(owner).as_string(connection)}".encode())
    # What a superuser may have set up to guard history (sql/guard.sql) lets migrations pass.
    connection.execute("SELECT set_config('pitboss.migrating', 'on', false)")


def version(connection: Connection) -> int:
    """Number of the last file that was applied; 0 for an empty database."""
    row = connection.execute("SELECT coalesce(max(number), 0) FROM schema_migration").fetchone()
    return int(row[0]) if row else 0


def _missing(connection: Connection, schema: Schema) -> Iterator[Path]:
    rows = connection.execute("SELECT number, digest FROM schema_migration").fetchall()
    applied: dict[int, str] = dict(rows)
    for path in schema.files():
        known = applied.get(_number(path))
        if known is None:
            yield path
        elif known != _digest(path):
            raise MigrationError(f"{path.name} was changed after it was applied; write a further migration instead")


def _patiently(connection: Connection, path: Path) -> None:
    """Apply one file. A lock that is not free soon is asked for again later."""
    for attempt in range(_LOCK_ATTEMPTS):
        try:
            _apply(connection, path)
        except psycopg.errors.LockNotAvailable:
            if attempt == _LOCK_ATTEMPTS - 1:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _apply(connection: Connection, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if text.startswith(_AUTOCOMMIT):
        for statement in _statements(text):
            connection.execute(statement.encode())
        _note(connection, path)
        return
    with connection.transaction():
        connection.execute(text.encode())
        _note(connection, path)


def _statements(text: str) -> list[str]:
    """Statements of an autocommit file: each ends with a semicolon at the end of a line."""
    return [part for part in re.split(r";\s*\n", text + "\n") if re.sub(r"--[^\n]*", "", part).strip()]


def _note(connection: Connection, path: Path) -> None:
    connection.execute(
        "INSERT INTO schema_migration (number, name, digest) VALUES (%s, %s, %s)",
        (_number(path), path.name, _digest(path)),
    )


def _number(path: Path) -> int:
    return int(path.name[:4])


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _grant(connection: Connection, schema: Schema, given: Mapping[str, str]) -> None:
    """Rights are given anew each time, in one step: nobody is without them for a moment, and none is forgotten."""
    text = (schema.folder / "grants.sql").read_text(encoding="utf-8")
    with connection.transaction():
        for placeholder, ending in schema.roles.items():
            role = given.get(placeholder) or os.environ.get(f"PITBOSS_{placeholder.upper()}")
            role = role or f"{connection.info.dbname}_{ending}"
            name = sql.Identifier(role).as_string(connection)
            if f"{{{placeholder}}}" in text:
                connection.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}".encode())
            text = text.replace(f"{{{placeholder}}}", name)
        connection.execute(text.encode())
