"""The ledger."""

import os
from pathlib import Path

from alembic import op
from psycopg import sql

revision = "0001"
down_revision = None

_DEFAULT_SHARDS = 8


def upgrade() -> None:
    """Create tables, heads, and the rights of the service's role."""
    # The driver's own cursor: it reads no placeholders where there are no parameters.
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("migrations need a connection")
    cursor = driver.cursor()
    folder = Path(__file__).parent.parent
    cursor.execute((folder / "0001_ledger.sql").read_text())
    shards = int(os.environ.get("PITBOSS_SHARDS", _DEFAULT_SHARDS))
    cursor.execute("INSERT INTO shard (id) SELECT generate_series(0, %s)", (shards - 1,))
    cursor.execute("SELECT current_database()")
    role = os.environ.get("PITBOSS_SERVICE_ROLE", f"{cursor.fetchone()[0]}_service")
    grants = (folder / "0001_grants.sql").read_text()
    cursor.execute(grants.replace("wallet_service_role", sql.Identifier(role).as_string(cursor)))
