"""RSASSA-PKCS1-v1_5 with SHA-256 over the exact bytes of a body, in base64, and the keys of both sides."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from provider_adapters._kit.callbacks import ProblemError
from provider_adapters._kit.config import CredentialsError, text_in
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.ports import Problem

_LEAST_KEY_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What one side signs with, and whom it believes. Two keys of the other side are live during a rotation."""

    operator_id: str
    own: RSAPrivateKey = field(repr=False)
    others: tuple[RSAPublicKey, ...]


def read_keys(credentials: Mapping[str, Any], other: str) -> Keys:
    """The keys in a credential file; `other` names the field of the other side's public key."""
    names = [other] + ([f"next_{other}"] if credentials.get(f"next_{other}") else [])
    return Keys(
        operator_id=text_in(credentials, "operator_id"),
        own=_private_key(text_in(credentials, "private_key")),
        others=tuple(_public_key(text_in(credentials, name), other) for name in names),
    )


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


def verified(keys: Keys, header: str, request: HttpRequest) -> None:
    """ProblemError unless the other side signed the body."""
    signature = request.headers.get(header.lower(), "")
    if not signature:
        raise ProblemError(Problem.SIGNATURE_INVALID, event="signature_missing")
    if not verify(keys.others, request.body, signature):
        raise ProblemError(Problem.SIGNATURE_INVALID)


def _made_by(key: RSAPublicKey, body: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, body, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _private_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_KEY_BITS:
        raise CredentialsError("credentials: private_key must be an RSA key of 2048 bits or more, as PEM")
    return key


def _public_key(pem: str, name: str) -> RSAPublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_KEY_BITS:
        raise CredentialsError(f"credentials: {name} must be an RSA key of 2048 bits or more, as PEM")
    return key
