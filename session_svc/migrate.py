"""Migrations by alembic: forward only, each file named for its reason, under the owner's role."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]

_FOLDER = Path(__file__).parent / "sql" / "migrations"
_LOCK = 7_460_002
_DEFAULT_ROLE = "session_svc"


def main() -> None:
    """Bring the database in PITBOSS_DATABASE_URL to the newest version."""
    url = os.environ.get("PITBOSS_DATABASE_URL")
    if not url:
        sys.stderr.write("PITBOSS_DATABASE_URL is not set. Address of the database, with the role of its owner.\n")
        raise SystemExit(2)
    upgrade(url, role=os.environ.get("PITBOSS_SERVICE_ROLE", ""))


def upgrade(url: str, *, role: str = "") -> None:
    """Apply what is missing, then the service's rights. Safe to run twice, at once, and to kill."""
    with psycopg.connect(url, autocommit=True) as guard:
        # Two migrators at once take turns. The lock ends with the connection, however that ends.
        guard.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        if _version(guard) != newest():
            _migrate(url)
        _grant(guard, role or _service_role(guard))


def newest() -> str:
    """The revision that the last file makes."""
    return max(path.name[:4] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def _version(connection: Connection) -> str:
    """The revision of the database, asked without alembic: importing it takes longer than everything else here."""
    if _value(connection, "SELECT to_regclass('public.alembic_version') IS NULL"):
        return ""
    return str(_value(connection, "SELECT version_num FROM alembic_version"))


def _migrate(url: str) -> None:
    import sqlalchemy  # noqa: PLC0415 - slow to import, and mostly there is nothing to do
    from alembic import command  # noqa: PLC0415 - as above
    from alembic.config import Config  # noqa: PLC0415 - as above

    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def _service_role(connection: Connection) -> str:
    """The usual role, or where that does not exist the one that is named after the database."""
    usual = _value(connection, "SELECT rolname FROM pg_roles WHERE rolname = %s", _DEFAULT_ROLE)
    return str(usual or _value(connection, "SELECT current_database() || '_service'"))


def _grant(connection: Connection, role: str) -> None:
    text = (_FOLDER / "grants.sql").read_text(encoding="utf-8")
    with connection.transaction():
        connection.execute(text.replace("session_service_role", sql.Identifier(role).as_string(connection)).encode())


def _value(connection: Connection, statement: str, *values: object) -> object:
    row = connection.execute(statement.encode(), values).fetchone()
    return row[0] if row else None
