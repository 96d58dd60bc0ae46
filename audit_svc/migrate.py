"""The tables of the audit log."""

from pathlib import Path

from mesh import migrations

SCHEMA = migrations.Schema(
    folder=Path(__file__).parent / "sql" / "migrations",
    roles={"service_role": "service", "reader_role": "reader"},
)


def main() -> None:
    """Bring the database in PITBOSS_DATABASE_URL to the newest version."""
    migrations.main(SCHEMA)


def upgrade(url: str) -> None:
    """Apply what is missing, then the service's rights."""
    migrations.upgrade(SCHEMA, url)
