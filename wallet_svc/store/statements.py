"""Named statements, read once from sql/queries.sql, so that they can be read and explained alone."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent.parent / "sql" / "queries.sql"
_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with numbered parameters, and the names that the numbers stand for.

    Numbered once at start: psycopg would search a long statement for names at every call.
    """

    text: bytes
    names: tuple[str, ...]

    def values(self, named: dict[str, Any]) -> list[Any]:
        """The parameters in their order."""
        return [named[name] for name in self.names]


def statement(text: str) -> Statement:
    """A statement from text with %(name)s parameters."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    numbered = _PARAMETER.sub(number, text).replace("%%", "%")
    return Statement(numbered.encode(), tuple(names))


def _load() -> dict[str, Statement]:
    parts = _NAME.split(_FILE.read_text())
    return {name: statement(body.strip()) for name, body in zip(parts[1::2], parts[2::2], strict=True)}


STATEMENTS = _load()
"""Statements by name."""
