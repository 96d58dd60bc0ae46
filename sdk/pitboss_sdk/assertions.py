"""Signed words of a licensee that keeps limits and exclusions itself (mode ASSERT).

With each launch such a licensee says that the player's limits and exclusions are in order, and says so again while the
player stakes: `create_session(assertion=...)`, then `renew_assertion` before the last word is too old.

Signed are six lines, each ended by a line feed: `pitboss-assertion-v1`, the licensee, the player, `play`, the
microseconds since 1970, the nonce. The key is the one whose public half the platform has registered.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pitboss_sdk.values import Assertion

FORM = "pitboss-assertion-v1"
KIND = "play"
"""Stands for the opening of a session, and for its stakes until it is too old."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionSigner:
    """A licensee's name at Pitboss and its key."""

    licensee: str
    key: Ed25519PrivateKey

    def sign(self, player_id: str, now: datetime | None = None) -> Assertion:
        """A new word about the player, as of now. Ask your own books first: each word counts once.

        ValueError for a time without a zone.
        """
        issued = datetime.now(UTC) if now is None else now
        if issued.tzinfo is None:
            raise ValueError("a time without a zone is no moment: datetime.now(UTC)")
        nonce = secrets.token_urlsafe(18)
        signature = self.key.sign(signed_text(self.licensee, player_id, issued, nonce))
        return Assertion(issue_time=issued, nonce=nonce, signature=signature)


def signed_text(licensee: str, player_id: str, issued: datetime, nonce: str) -> bytes:
    """What is signed."""
    microseconds = (issued - _EPOCH) // timedelta(microseconds=1)
    return "".join(f"{line}\n" for line in (FORM, licensee, player_id, KIND, microseconds, nonce)).encode()
