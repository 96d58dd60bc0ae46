"""Named statements, read once from sql/queries.sql, so that they can be read and explained alone."""

import re
from pathlib import Path

_FILE = Path(__file__).parent.parent / "sql" / "queries.sql"
_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)


def _load() -> dict[str, bytes]:
    parts = _NAME.split(_FILE.read_text())
    return {name: body.strip().encode() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


STATEMENTS = _load()
"""Name to SQL text with psycopg placeholders."""
