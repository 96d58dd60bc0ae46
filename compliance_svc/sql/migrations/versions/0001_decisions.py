"""Decisions, read from the ledger's feed, and the exact position of that reading."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables and the rights of the service's role."""
    op.create_table(
        "decision",
        sa.Column("shard", sa.SmallInteger, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("licensee", sa.Text, nullable=False),
        sa.Column("player", sa.Text, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("outcome", sa.SmallInteger, nullable=False),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("recorded_us", sa.BigInteger, nullable=False),
    )
    op.create_index("decision_of_player", "decision", ["licensee", "player", "sequence"])
    op.create_table(
        "feed_cursor",
        sa.Column("shard", sa.SmallInteger, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.execute("""
        DO $$ DECLARE role text := current_database() || '_service';
        BEGIN
            EXECUTE format('GRANT SELECT, INSERT ON decision TO %I', role);
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON feed_cursor TO %I', role);
        END $$
    """)
