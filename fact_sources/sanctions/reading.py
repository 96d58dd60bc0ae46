"""What a source's reply means. Pure, and fixed: README.md has it as a table."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

_OK: Final = 200
_VERSION: Final = re.compile(r"[A-Za-z0-9._-]{1,48}", re.ASCII)


class Result(StrEnum):
    """Words of pitboss.wallet.v1.ScreeningResult that a source can find."""

    NO_MATCH = "NO_MATCH"
    HIT = "HIT"
    POSSIBLE = "POSSIBLE"
    PEP = "PEP"


class Trouble(StrEnum):
    """Why a source is silent."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    STATUS = "status"
    UNREADABLE = "unreadable"
    CONTRADICTORY = "contradictory"
    OTHER_PLAYER = "other_player"


class SilentError(Exception):
    """No answer, or one that is none. Never taken for clear."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Said:
    """What was found, and in which version of the lists."""

    result: Result
    version: str


def read_version(status: int, body: bytes) -> str:
    """The version of the lists. Raises SilentError."""
    return _version(_content(status, body))


def read(status: int, body: bytes, reference: str) -> Said:
    """What a reply about a player means. Raises SilentError."""
    content = _content(status, body)
    version = _version(content)
    if content.get("reference") != reference:
        raise SilentError(Trouble.OTHER_PLAYER)
    return Said(_result(content), version)


def _result(content: dict[str, Any]) -> Result:
    status, entries = content.get("status"), content.get("entries")
    if status not in {"NO_MATCH", "MATCH", "POSSIBLE"} or not isinstance(entries, list):
        raise SilentError(Trouble.UNREADABLE)
    kinds = {entry.get("kind") if isinstance(entry, dict) else None for entry in entries}
    if not kinds <= {"SANCTION", "PEP"}:
        raise SilentError(Trouble.UNREADABLE)
    if (status == "NO_MATCH") != (not kinds):
        raise SilentError(Trouble.CONTRADICTORY)
    if status == "NO_MATCH":
        return Result.NO_MATCH
    if "SANCTION" not in kinds:
        return Result.PEP
    return Result.HIT if status == "MATCH" else Result.POSSIBLE


def _content(status: int, body: bytes) -> dict[str, Any]:
    if status != _OK:
        raise SilentError(Trouble.STATUS)
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise SilentError(Trouble.UNREADABLE)
    return content


def _version(content: dict[str, Any]) -> str:
    version = content.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise SilentError(Trouble.UNREADABLE)
    return version
