"""The ledger."""

import os
from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

_DEFAULT_SHARDS = 8


def upgrade() -> None:
    """Create tables, heads, and the rights of the service's role."""
    connection = op.get_bind()
    folder = Path(__file__).parent.parent
    connection.exec_driver_sql((folder / "0001_ledger.sql").read_text())
    shards = int(os.environ.get("PITBOSS_SHARDS", _DEFAULT_SHARDS))
    connection.exec_driver_sql(f"INSERT INTO shard (id) SELECT generate_series(0, {shards - 1})")
    database = connection.exec_driver_sql("SELECT current_database()").scalar_one()
    role = os.environ.get("PITBOSS_SERVICE_ROLE", f"{database}_service")
    grants = (folder / "0001_grants.sql").read_text().replace("wallet_service_role", f'"{role}"')
    connection.exec_driver_sql(grants)
