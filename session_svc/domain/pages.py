"""Page tokens: opaque, and good only for the filter that they were made for."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

_SEAL_BYTES = 12
_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTokens:
    """Makes and reads page tokens."""

    key: bytes

    def make(self, *, scope: tuple[str, ...], place: tuple[str, ...]) -> str:
        """The token for going on after `place` in a list that `scope` describes."""
        text = _BETWEEN.join(place).encode()
        return urlsafe_b64encode(self._seal(scope, text) + text).decode().rstrip("=")

    def read(self, token: str, *, scope: tuple[str, ...]) -> tuple[str, ...] | None:
        """The place, or None if the token was not made here for this scope."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except (binascii.Error, UnicodeEncodeError):
            return None
        seal, text = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(scope, text)):
            return None
        return tuple(text.decode().split(_BETWEEN))

    def _seal(self, scope: tuple[str, ...], text: bytes) -> bytes:
        content = _BETWEEN.join(scope).encode() + b"\x00" + text
        return hmac.new(self.key, content, hashlib.sha256).digest()[:_SEAL_BYTES]
