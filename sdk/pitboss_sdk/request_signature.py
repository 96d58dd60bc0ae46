"""The signature on the requests that Pitboss sends to a licensee's own wallet.

One header, `pitboss-signature`: `v1,<key id>,<unix seconds>,<nonce>,<base64 of the Ed25519 signature>`. Signed are five
lines, each ended by a line feed: `v1`, the key id, the seconds, the nonce, the method, and then the bare bytes of the
body. The method is the gRPC path, such as `/pitboss.licensee.v1.LicenseeWalletService/Debit`, over JSON as well.
Nothing is parsed or written again before the check: what is verified are the bytes that came.
"""

from __future__ import annotations

import base64
import binascii
import collections
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEADER = "pitboss-signature"
WINDOW_S = 60
"""How far the sender's clock may be from ours, in either direction."""

_MOST_NONCE = 64
_PARTS = 5


class SignatureError(Exception):
    """The request was not signed by Pitboss, or not now. `reason` is for the log, never for the caller."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Verifier:
    """Checks signatures with the keys of Pitboss by id. Two keys may count at once while one replaces the other.

    A nonce counts once within the window; a business retry has a new one. Safe for several threads. Over several
    processes the nonces would have to be kept together; without that a repeated request still meets its own
    transaction key, and books nothing.
    """

    keys: Mapping[str, Ed25519PublicKey]
    window_s: int = WINDOW_S
    _seen: collections.OrderedDict[str, float] = field(default_factory=collections.OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, header: str | None, method: str, body: bytes, now_s: float) -> None:
        """Return if the request is genuine and fresh. Errors: SignatureError."""
        key_id, seconds, nonce, signature = _read(header)
        key = self.keys.get(key_id)
        if key is None:
            raise SignatureError("unknown key")
        if abs(now_s - int(seconds)) > self.window_s:
            raise SignatureError("not within the time window")
        try:
            key.verify(signature, signed_bytes(key_id, seconds, nonce, method, body))
        except InvalidSignature:
            raise SignatureError("wrong signature") from None
        # Only a genuine request may use up a nonce, or a stranger could spoil ours.
        self._use(f"{key_id},{nonce}", now_s)

    def _use(self, nonce: str, now_s: float) -> None:
        with self._lock:
            while self._seen and now_s - next(iter(self._seen.values())) > 2 * self.window_s:
                self._seen.popitem(last=False)
            if nonce in self._seen:
                raise SignatureError("repeated nonce")
            self._seen[nonce] = now_s


def signed_bytes(key_id: str, seconds: str, nonce: str, method: str, body: bytes) -> bytes:
    """What is signed."""
    return f"v1\n{key_id}\n{seconds}\n{nonce}\n{method}\n".encode() + body


def _read(header: str | None) -> tuple[str, str, str, bytes]:
    parts = (header or "").split(",")
    if len(parts) != _PARTS or parts[0] != "v1":
        raise SignatureError("no signature")
    _, key_id, seconds, nonce, text = parts
    if not (seconds.isascii() and seconds.isdecimal()) or not 0 < len(nonce) <= _MOST_NONCE:
        raise SignatureError("malformed signature")
    try:
        return key_id, seconds, nonce, base64.b64decode(text, validate=True)
    except binascii.Error:
        raise SignatureError("malformed signature") from None
