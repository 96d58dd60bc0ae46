"""Signatures: RSASSA-PKCS1-v1_5 with SHA-256 over the exact bytes of the body, in base64."""

import base64
import binascii
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

HEADER = "X-Hub88-Signature"


def sign(key: RSAPrivateKey, body: bytes) -> str:
    """The value of the signature header."""
    return base64.b64encode(key.sign(body, PKCS1v15(), SHA256())).decode("ascii")


def verify(keys: Iterable[RSAPublicKey], body: bytes, signature: str) -> bool:
    """Whether any of the keys made this signature for exactly these bytes."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(_made_by(key, body, raw) for key in keys)


def _made_by(key: RSAPublicKey, body: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, body, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
