"""What an opened assertion means. Pure, and fixed: README.md has it as a table."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

NOWHERE: Final = "ZZ"
"""A territory that no pack allows: the vendor has found out that the player hides the place."""
_AHEAD_US: Final = 5_000_000
"""How far the vendor's clock may be before ours."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
_TERRITORY: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", re.ASCII)
_CLAIMS: Final = frozenset({"iss", "sub", "jti", "iat_ms", "exp_ms", "result", "territory", "troubles"})


class Refusal(StrEnum):
    """Why an assertion is not taken: a stable code, which the answer names."""

    UNREADABLE = "GEO.ASSERTION_UNREADABLE"
    """No envelope, or claims that are not understood."""
    OTHER_ALGORITHM = "GEO.ASSERTION_ALGORITHM"
    """It names other algorithms than the agreed ones."""
    UNSIGNED = "GEO.ASSERTION_UNSIGNED"
    """Not sealed for us, or not signed by a key of the vendor."""
    STALE = "SYS.ASSERTION_STALE"
    """Too old, over, or from the future."""
    REPLAYED = "SYS.ASSERTION_REPLAY"
    """It was used before."""
    CONTRADICTORY = "GEO.ASSERTION_CONTRADICTORY"
    """Signed, and it says two things."""
    UNKNOWN = "GEO.UNKNOWN"
    """The vendor could not find the place."""


class RefusedError(Exception):
    """An assertion that changes nothing."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Where the vendor has found a player."""

    licensee: str
    player: str
    nonce: str
    """Names the assertion."""
    territory: str
    """As in the packs, or `NOWHERE`."""
    event_us: int
    until_us: int


def read(claims: bytes, *, vendor: str, now_us: int, max_age_us: int) -> Finding:
    """What an assertion says now. Raises RefusedError if it may not be used."""
    try:
        found = _finding(json.loads(claims), vendor)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RefusedError(Refusal.UNREADABLE) from None
    if not now_us - max_age_us <= found.event_us <= now_us + _AHEAD_US or found.until_us <= now_us:
        raise RefusedError(Refusal.STALE)
    return found


def _finding(said: dict[str, Any], vendor: str) -> Finding:
    if said.keys() - _CLAIMS or said["iss"] != vendor or not _NAME.fullmatch(said["jti"]):
        raise ValueError("not claims of this vendor")
    licensee, separator, player = said["sub"].partition("/")
    if not (licensee and separator and player):
        raise ValueError("it is about nobody")
    return Finding(
        licensee=licensee,
        player=player,
        nonce=said["jti"],
        territory=_place(said["result"], said.get("territory", ""), said.get("troubles", [])),
        event_us=_moment(said["iat_ms"]),
        until_us=_moment(said["exp_ms"]),
    )


def _place(result: object, territory: str, troubles: object) -> str:
    if not isinstance(troubles, list) or result not in {"LOCATED", "SUSPICIOUS", "UNKNOWN"}:
        raise ValueError("not a result")
    if result == "UNKNOWN":
        raise RefusedError(Refusal.UNKNOWN)
    if result == "SUSPICIOUS" and troubles:
        return NOWHERE
    if result == "SUSPICIOUS" or troubles or not territory:
        # Located and yet in doubt, in doubt of nothing, or located nowhere.
        raise RefusedError(Refusal.CONTRADICTORY)
    if not _TERRITORY.fullmatch(territory):
        raise ValueError("not a territory")
    return territory


def _moment(milliseconds: object) -> int:
    if type(milliseconds) is not int or milliseconds <= 0:
        raise ValueError("not a moment")
    return milliseconds * 1_000
