"""The tables of the ledger."""

import os
from pathlib import Path

from mesh import migrations

_SHARDS = "8"


def schema() -> migrations.Schema:
    """The ledger's tables. PITBOSS_SHARDS counts the shards of a new ledger; it never changes afterwards."""
    return migrations.Schema(
        folder=Path(__file__).parent / "sql" / "migrations",
        roles={"service_role": "service", "reader_role": "reader"},
        settings={"shards": os.environ.get("PITBOSS_SHARDS", _SHARDS)},
    )


def main() -> None:
    """Bring the database in PITBOSS_DATABASE_URL to the newest version."""
    migrations.main(schema())


def upgrade(url: str) -> None:
    """Apply what is missing, then the service's rights."""
    migrations.upgrade(schema(), url)
