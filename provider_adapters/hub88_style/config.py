"""The keys and names of one integration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from provider_adapters._kit.config import CredentialsError

_LEAST_KEY_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What one side signs with, and whom it believes. Two keys of the other side are live during a rotation."""

    operator_id: str
    own: RSAPrivateKey = field(repr=False)
    others: tuple[RSAPublicKey, ...]


def adapter_keys(credentials: Mapping[str, Any]) -> Keys:
    """The adapter's side."""
    return _keys(credentials, "provider_public_key")


def studio_keys(credentials: Mapping[str, Any]) -> Keys:
    """The studio simulator's side."""
    return _keys(credentials, "operator_public_key")


def _keys(credentials: Mapping[str, Any], other: str) -> Keys:
    next_key = credentials.get(f"next_{other}")
    pems = [_text(credentials, other)] + ([_text(credentials, f"next_{other}")] if next_key else [])
    return Keys(
        operator_id=_text(credentials, "operator_id"),
        own=_private_key(_text(credentials, "private_key")),
        others=tuple(_public_key(pem, other) for pem in pems),
    )


def _text(credentials: Mapping[str, Any], name: str) -> str:
    value = credentials.get(name)
    if not isinstance(value, str) or not value:
        message = f"hub88_style credentials: {name} is missing"
        raise CredentialsError(message)
    return value


def _private_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_KEY_BITS:
        message = "hub88_style credentials: private_key must be an RSA key of 2048 bits or more, as PEM"
        raise CredentialsError(message)
    return key


def _public_key(pem: str, name: str) -> RSAPublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_KEY_BITS:
        message = f"hub88_style credentials: {name} must be an RSA key of 2048 bits or more, as PEM"
        raise CredentialsError(message)
    return key
