"""The deterministic throw-away key of the wire sheet, and a second one of the same kind. Never a real key."""

from __future__ import annotations

import functools
import hashlib

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


def _prime(tag: bytes, offset: int) -> int:
    digest = int.from_bytes(hashlib.sha512(b"aggregator-test-key/" + tag).digest(), "big")
    return (1 << 1023) + (1 << 1022) + (digest << 500) + 1 + offset


@functools.cache
def sheet_key() -> rsa.RSAPrivateKey:
    """The provider's."""
    p, q, e = _prime(b"p", 406), _prime(b"q", 1812), 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


@functools.cache
def other_key() -> rsa.RSAPrivateKey:
    """Anybody else's."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
