"""Secrets that both sides know: said in clear inside TLS, or proved by an HMAC. Compared in constant time."""

import hmac
from collections.abc import Sequence


def is_one_of(given: object, secrets: Sequence[str]) -> bool:
    """Whether a text is one of these secrets. Each is compared, so that time tells nothing."""
    if not isinstance(given, str):
        return False
    same = [hmac.compare_digest(given.encode(), secret.encode()) for secret in secrets]
    return any(same)


def hmac_hex(secret: str, message: bytes, algorithm: str) -> str:
    """The HMAC in small hexadecimal digits."""
    return hmac.new(secret.encode(), message, algorithm).hexdigest()


def made_with_one_of(secrets: Sequence[str], message: bytes, given: str, algorithm: str = "sha256") -> bool:
    """Whether `given` is the HMAC of exactly these bytes with one of these secrets. Capital digits are another text."""
    return is_one_of(given, [hmac_hex(secret, message, algorithm) for secret in secrets])
