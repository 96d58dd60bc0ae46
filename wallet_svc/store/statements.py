"""Named statements, read once from the files in sql/, so that they can be read and explained alone."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_FILES = [Path(__file__).parent.parent / "sql" / name for name in ("history.sql", "queries.sql")]
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


def _load() -> dict[str, str]:
    parts = [_NAME.split(file.read_text()) for file in _FILES]
    return {name: body.strip() for found in parts for name, body in zip(found[1::2], found[2::2], strict=True)}


_TEXTS = _load()
_PART = "commit_"
_BATCHES = "commit_batches"

STATEMENTS = {name: statement(text) for name, text in _TEXTS.items() if not name.startswith(_PART)}
"""Statements by name."""

# The array that is empty when a part has nothing to write.
_PARTS = {
    "new_players": "p_id",
    "changed_players": "q_id",
    "new_accounts": "n_id",
    "moved_accounts": "a_id",
    "changed_accounts": "z_id",
    "new_rounds": "r_player",
    "closed_rounds": "c_player",
    "kept_holds": "h_player",
    "kept_plays": "s_session",
    "new_calls": "l_sequence",
    "ended_calls": "e_sequence",
    "stuck_calls": "f_sequence",
}


def commit_statement(values: dict[str, str | None]) -> Statement:
    """The commit with the parts that these values have something for: an empty part costs as much as a small one."""
    return _compose(tuple(part for part, array in _PARTS.items() if array in values))


@lru_cache(maxsize=256)
def _compose(parts: tuple[str, ...]) -> Statement:
    bodies = [_TEXTS[_PART + part].split("\n", 1)[1] for part in parts]
    return statement(",\n".join([_TEXTS[_BATCHES], *bodies]) + "\nSELECT id FROM head")
