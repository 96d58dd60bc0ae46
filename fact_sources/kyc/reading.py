"""What a vendor's callback means. Pure, and fixed: README.md has it as a table."""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

ALGORITHMS: Final = {"HMAC_SHA256_HEX": hashlib.sha256, "HMAC_SHA512_HEX": hashlib.sha512}
"""Those that may be agreed on. SHA-1 may not."""
DIGEST, ALGORITHM = "x-payload-digest", "x-payload-digest-alg"
_ANSWERS: Final = {"GREEN": "VERIFIED", "RED": "REJECTED"}


class Refusal(StrEnum):
    """Why a callback is not taken."""

    UNSIGNED = "unsigned"
    """No digest, or not the one of this body under our secret."""
    OTHER_ALGORITHM = "other_algorithm"
    """It names another algorithm than the agreed one."""
    UNREADABLE = "unreadable"
    """Signed, and not understood."""


class RefusedError(Exception):
    """A callback that changes nothing."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the vendor has found."""

    licensee: str
    player: str
    key: str
    """The vendor's id of the event."""
    result: str
    """A word of pitboss.wallet.v1.IdentityResult."""
    event_us: int


def check(headers: Mapping[str, str], body: bytes, *, secret: bytes, algorithm: str) -> None:
    """Raises RefusedError unless the raw body is signed with our secret by the agreed algorithm."""
    digest = headers.get(DIGEST, "")
    if headers.get(ALGORITHM, algorithm) != algorithm:
        raise RefusedError(Refusal.OTHER_ALGORITHM)
    expected = hmac.new(secret, body, ALGORITHMS[algorithm]).hexdigest()
    if not hmac.compare_digest(expected.encode(), digest.encode()):
        raise RefusedError(Refusal.UNSIGNED)


def read(body: bytes) -> Finding:
    """What a signed callback says. Raises RefusedError if it cannot be understood."""
    try:
        return _finding(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RefusedError(Refusal.UNREADABLE) from None


def _finding(found: dict[str, Any]) -> Finding:
    licensee, separator, player = str(found["externalUserId"]).partition("/")
    if not (licensee and separator and player):
        raise ValueError("it is about nobody")
    moment = dt.datetime.strptime(found["createdAtMs"], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=dt.UTC)
    pending = found["type"] == "applicantPending"
    return Finding(
        licensee=licensee,
        player=player,
        key=str(found["correlationId"]),
        result="PENDING" if pending else _ANSWERS[found["reviewResult"]["reviewAnswer"]],
        event_us=(moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1),
    )
