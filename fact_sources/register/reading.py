"""What a register's reply means. Pure, and fixed: README.md has it as a table."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Answer(StrEnum):
    """What the law is told."""

    CLEAR = "CLEAR"
    MATCH = "MATCH"
    FUZZY = "FUZZY"
    SILENT = "SILENT"


class Trouble(StrEnum):
    """Why a register is silent."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    STATUS = "status"
    UNREADABLE = "unreadable"
    CONTRADICTORY = "contradictory"
    OTHER_PLAYER = "other_player"


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, and for silence the trouble behind it."""

    answer: Answer
    trouble: Trouble | None = None


_OK: Final = 200
_STATUSES: Final = {"NOT_LISTED": Answer.CLEAR, "LISTED": Answer.MATCH, "POSSIBLE": Answer.FUZZY}


def silent(trouble: Trouble) -> Said:
    """Silence, whatever the trouble."""
    return Said(Answer.SILENT, trouble)


def read(status: int, body: bytes, reference: str) -> Said:
    """What a reply about a player means."""
    if status != _OK:
        return silent(Trouble.STATUS)
    try:
        found = json.loads(body)
        answer, about, entries = _STATUSES[found["status"]], found["reference"], found.get("entries", [])
    except (ValueError, KeyError, TypeError, AttributeError):
        return silent(Trouble.UNREADABLE)
    if not isinstance(entries, list):
        return silent(Trouble.UNREADABLE)
    if about != reference:
        return silent(Trouble.OTHER_PLAYER)
    if answer is Answer.CLEAR and entries:
        return silent(Trouble.CONTRADICTORY)
    return Said(answer)
