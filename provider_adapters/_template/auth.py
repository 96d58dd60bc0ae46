"""Signatures: HMAC-SHA256 over the exact bytes of the body, in small hexadecimal digits."""

from collections.abc import Sequence

from provider_adapters._kit.shared_secrets import hmac_hex, made_with_one_of

HEADER = "X-Signature"


def sign(secret: str, body: bytes) -> str:
    """The value of the signature header."""
    return hmac_hex(secret, body, "sha256")


def verify(secrets: Sequence[str], body: bytes, signature: str) -> bool:
    """Whether one of the secrets signed exactly these bytes."""
    return made_with_one_of(secrets, body, signature, "sha256")
