"""Signatures: HMAC-SHA256 over the exact bytes of the body, in small hexadecimal digits."""

import hashlib
import hmac

HEADER = "X-Signature"


def sign(secret: bytes, body: bytes) -> str:
    """The value of the signature header."""
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


def verify(secret: bytes, body: bytes, signature: str) -> bool:
    """Whether the signature was made for exactly these bytes. Takes as long for a wrong one as for a right one."""
    return hmac.compare_digest(sign(secret, body).encode(), signature.encode())
