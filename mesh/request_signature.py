"""Signs the requests that we send to a licensee's own wallet. The format: docs/licensee-wallet.md."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HEADER = "pitboss-signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Our key and its id."""

    key_id: str
    key: Ed25519PrivateKey

    def header(self, method: str, body: bytes, now_s: int, *, nonce: str = "") -> str:
        """The value of the header for these bytes; `method` is the gRPC path. A fresh nonce unless one is given."""
        nonce = nonce or secrets.token_urlsafe(18)
        signed = f"v1\n{self.key_id}\n{now_s}\n{nonce}\n{method}\n".encode() + body
        return f"v1,{self.key_id},{now_s},{nonce},{base64.b64encode(self.key.sign(signed)).decode()}"
