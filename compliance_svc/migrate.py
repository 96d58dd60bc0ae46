"""Migrations by alembic: forward only, each file named for its reason, under the owner's role."""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config

_FOLDER = Path(__file__).parent / "sql" / "migrations"


def main() -> None:
    """Bring the database in PITBOSS_DATABASE_URL to the newest version."""
    upgrade(os.environ["PITBOSS_DATABASE_URL"])


def upgrade(url: str) -> None:
    """Apply what is missing. Safe to run twice, and to kill: each migration is one transaction."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["url"] = url.replace("postgresql://", "postgresql+psycopg://", 1)
    command.upgrade(config, "head")
