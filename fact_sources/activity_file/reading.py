"""What a file's reply means. Pure, and fixed: README.md has it as a table."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from fact_sources.signing import Keys, is_signed

_OK: Final = 200


FORM: Final = "activity-file-answer-1"
"""What its answers are signed as."""


class What(StrEnum):
    """What a file is told. The value is the last part of the path."""

    BEGIN = "begin"
    END = "end"


class Answer(StrEnum):
    """What the law is told."""

    CLEAR = "CLEAR"
    """The player plays here from now on, and nowhere else."""
    MATCH = "MATCH"
    """The player plays at another operator, or has ended there too short a time ago."""
    SILENT = "SILENT"


class Trouble(StrEnum):
    """Why a file is silent."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    STATUS = "status"
    UNREADABLE = "unreadable"
    CONTRADICTORY = "contradictory"
    OTHER_PLAYER = "other_player"
    UNSIGNED = "unsigned"
    REPLAYED = "replayed"
    ENDED = "ended"


ATTACKS: Final = frozenset({Trouble.UNSIGNED, Trouble.REPLAYED, Trouble.OTHER_PLAYER})
"""What no honest file says, and a line that somebody else holds may."""


class SilentError(Exception):
    """No answer, or one that is none. Never taken for leave to play."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. The nonce is of this one alone, so no answer to another can pass for one to this."""

    what: What
    nonce: str
    player: str
    reference: str

    @property
    def path(self) -> str:
        return f"/{self.what.value}"

    def body(self) -> bytes:
        """The question as it is sent."""
        return json.dumps({"question": self.nonce, "player": self.player, "reference": self.reference}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer, and for silence the trouble behind it."""

    answer: Answer
    trouble: Trouble | None = None


def silent(trouble: Trouble) -> Said:
    """Silence, whatever the trouble."""
    return Said(answer=Answer.SILENT, trouble=trouble)


def read(status: int, signature: str, body: bytes, question: Question, keys: Keys) -> Said:
    """What a reply about a beginning means."""
    try:
        return _begun(_content(status, signature, body, question, keys))
    except SilentError as error:
        return silent(error.trouble)


def read_end(status: int, signature: str, body: bytes, question: Question, keys: Keys) -> Trouble | None:
    """None if the file counts nothing under the reference any more; else why nobody knows."""
    try:
        content = _content(status, signature, body, question, keys)
    except SilentError as error:
        return error.trouble
    if content.get("status") not in ("ENDED", "NOTHING"):
        return Trouble.UNREADABLE
    return None if content.get("here") is False else Trouble.CONTRADICTORY


def _content(status: int, signature: str, body: bytes, question: Question, keys: Keys) -> dict[str, Any]:
    """The content of a signed answer to this question. Raises SilentError."""
    if status != _OK:
        raise SilentError(Trouble.STATUS)
    if not body:
        raise SilentError(Trouble.UNREADABLE)
    if not is_signed(FORM, signature, keys, question.path, body):
        raise SilentError(Trouble.UNSIGNED)
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise SilentError(Trouble.UNREADABLE)
    if content.get("question") != question.nonce:
        raise SilentError(Trouble.REPLAYED)
    if (content.get("player"), content.get("reference")) != (question.player, question.reference):
        raise SilentError(Trouble.OTHER_PLAYER)
    return content


def _begun(content: dict[str, Any]) -> Said:
    status, here = content.get("status"), content.get("here")
    if status == "ENDED":
        raise SilentError(Trouble.ENDED)
    if status not in ("ACTIVE", "ELSEWHERE") or not isinstance(here, bool):
        raise SilentError(Trouble.UNREADABLE)
    if here is not (status == "ACTIVE"):
        # It counts the player as playing here and elsewhere, or nowhere.
        raise SilentError(Trouble.CONTRADICTORY)
    return Said(answer=Answer.CLEAR if here else Answer.MATCH)
