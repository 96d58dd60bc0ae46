"""Requests as Pitboss signs them, and in the ways it never would."""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pitboss_sdk.request_signature import signed_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A key and its id, as the wallet under test knows it."""

    key_id: str
    key: Ed25519PrivateKey

    def header(self, path: str, body: bytes, *, age_s: int = 0, nonce: str = "") -> str:
        """The value of the signature header. `age_s` dates it back."""
        seconds, nonce = str(int(time.time()) - age_s), nonce or secrets.token_urlsafe(18)
        signature = self.key.sign(signed_bytes(self.key_id, seconds, nonce, path, body))
        return f"v1,{self.key_id},{seconds},{nonce},{base64.b64encode(signature).decode()}"


def stranger(key_id: str) -> Signer:
    """Somebody else who uses our key id."""
    return Signer(key_id=key_id, key=Ed25519PrivateKey.generate())
