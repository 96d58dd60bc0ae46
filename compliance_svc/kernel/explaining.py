"""Why, in words: all of it for staff, without secrets for the player. One sentence for each reason."""

from dataclasses import dataclass
from typing import Final

from compliance_svc.kernel.codes import SECRET, Code
from compliance_svc.kernel.texts import PLAYER_TEXTS, STAFF_TEXTS

FALLBACK: Final = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence. The code is empty where the player must not know it."""

    code: str
    text: str


def for_staff(codes: tuple[str, ...]) -> tuple[Line, ...]:
    """Return every code with what it means."""
    return tuple(Line(code=code, text=STAFF_TEXTS[Code(code)]) for code in codes)


def for_player(codes: tuple[str, ...], language: str) -> tuple[Line, ...]:
    """Return what the player may know, in the language or in English; a neutral sentence hides a secret."""
    texts = PLAYER_TEXTS.get(language.partition("-")[0], PLAYER_TEXTS[FALLBACK])
    return tuple(_line(Code(code), texts) for code in codes)


def _line(code: Code, texts: dict[str, str]) -> Line:
    if code in SECRET:
        return Line(code="", text=texts[""])
    family = next(
        key for key in (code.value, code.value.rpartition(".")[0], code.value.partition(".")[0]) if key in texts
    )
    return Line(code=code.value, text=texts[family])
