"""What a file's reply means. Pure, and fixed: README.md has it as a table."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from fact_sources.signing import Keys, is_signed

_OK: Final = 200
_CENT: Final = Decimal("0.01")
_AMOUNT: Final = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?", re.ASCII)


FORM: Final = "limit-file-answer-1"
"""What its answers are signed as."""


class What(StrEnum):
    """What a file is asked for. The value is the last part of the path."""

    HEADROOM = "headroom"
    RESERVE = "reserve"
    RELEASE = "release"
    STATUS = "status"


class Answer(StrEnum):
    """What the law is told."""

    CLEAR = "CLEAR"
    NOT_SET = "NOT_SET"
    SILENT = "SILENT"


class Trouble(StrEnum):
    """Why a file is silent."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    STATUS = "status"
    UNREADABLE = "unreadable"
    CONTRADICTORY = "contradictory"
    OTHER_PLAYER = "other_player"
    OTHER_CURRENCY = "other_currency"
    UNSIGNED = "unsigned"
    REPLAYED = "replayed"
    TAKEN_BACK = "taken_back"
    UNCOUNTABLE = "uncountable"


ATTACKS: Final = frozenset({Trouble.UNSIGNED, Trouble.REPLAYED, Trouble.OTHER_PLAYER})
"""What no honest file says, and a line that somebody else holds may."""


class SilentError(Exception):
    """No answer, or one that is none. Never taken for headroom."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. The nonce is of this one alone, so no answer to another can pass for one to this."""

    what: What
    nonce: str
    player: str = ""
    currency: str = ""
    reference: str = ""
    amount: str = ""

    @property
    def path(self) -> str:
        return f"/{self.what.value}"

    def body(self) -> bytes:
        """The question as it is sent."""
        asked = {
            "question": self.nonce,
            "player": self.player,
            "reference": self.reference,
            "amount": self.amount,
            "currency": self.currency if self.player else "",
        }
        return json.dumps({name: value for name, value in asked.items() if value}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer: what is left, whether the deposit counts now, and for silence the trouble behind it."""

    answer: Answer
    left: str = ""
    reserved: bool = False
    trouble: Trouble | None = None


def countable(amount: str) -> str | None:
    """An amount as the file writes it; None for one that it cannot hold exactly."""
    rounded = Decimal(amount).quantize(_CENT)
    return str(rounded) if rounded == Decimal(amount) and _AMOUNT.fullmatch(str(rounded)) else None


def silent(trouble: Trouble) -> Said:
    """Silence, whatever the trouble."""
    return Said(answer=Answer.SILENT, trouble=trouble)


def read(status: int, signature: str, body: bytes, question: Question, keys: Keys) -> Said:
    """What a reply about headroom or a reservation means."""
    try:
        content = _content(status, signature, body, question, keys)
        return _headroom(content, question) if question.what is What.HEADROOM else _reservation(content, question)
    except SilentError as error:
        return silent(error.trouble)


def read_release(status: int, signature: str, body: bytes, question: Question, keys: Keys) -> Trouble | None:
    """None if a deposit is taken back, or never was there; else why nobody knows."""
    try:
        content = _content(status, signature, body, question, keys)
    except SilentError as error:
        return error.trouble
    return None if content.get("status") in ("RELEASED", "NOTHING") else Trouble.UNREADABLE


def is_up(status: int, signature: str, body: bytes, question: Question, keys: Keys) -> bool:
    """Whether the file says that it is up."""
    try:
        return _content(status, signature, body, question, keys).get("status") == "UP"
    except SilentError:
        return False


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
    if content.get("player", "") != question.player or content.get("reference", "") != question.reference:
        raise SilentError(Trouble.OTHER_PLAYER)
    return content


def _headroom(content: dict[str, Any], question: Question) -> Said:
    match content.get("status"):
        case "SET":
            return Said(answer=Answer.CLEAR, left=_left(content, question))
        case "NOT_SET":
            return _not_set(content)
        case _:
            raise SilentError(Trouble.UNREADABLE)


def _reservation(content: dict[str, Any], question: Question) -> Said:
    status = content.get("status")
    if status == "NOT_SET":
        return _not_set(content)
    if status == "TAKEN_BACK":
        raise SilentError(Trouble.TAKEN_BACK)
    if status not in ("RESERVED", "EXCEEDED"):
        raise SilentError(Trouble.UNREADABLE)
    left, reserved = _left(content, question), status == "RESERVED"
    if reserved != (Decimal(left) >= Decimal(question.amount)):
        # Counted although there was no room for it, or not counted although there was.
        raise SilentError(Trouble.CONTRADICTORY)
    return Said(answer=Answer.CLEAR, left=left, reserved=reserved)


def _not_set(content: dict[str, Any]) -> Said:
    if "left" in content:
        raise SilentError(Trouble.CONTRADICTORY)
    return Said(answer=Answer.NOT_SET)


def _left(content: dict[str, Any], question: Question) -> str:
    left = content.get("left")
    if not isinstance(left, str) or not _AMOUNT.fullmatch(left):
        raise SilentError(Trouble.UNREADABLE)
    if content.get("currency") != question.currency:
        raise SilentError(Trouble.OTHER_CURRENCY)
    return left
