"""Sessions, their changes, the reading position in the ledger, and the catalog."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    # The driver's own cursor: it takes several statements at once where there are no parameters.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute((Path(__file__).parent.parent / "0001_sessions_and_catalog.sql").read_text(encoding="utf-8"))
