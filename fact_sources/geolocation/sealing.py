"""The envelope of an assertion: a signed text (compact JWS, EdDSA) inside a sealed one (compact JWE, dir, A256GCM).

The headers of both are compared with what was agreed on, and never choose anything but one of the agreed keys. Pure.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fact_sources.geolocation.reading import Refusal, RefusedError

_SEALED: Final = {"alg": "dir", "enc": "A256GCM"}
_SIGNED: Final = "EdDSA"
_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What was agreed on with a vendor."""

    sealing: bytes = field(repr=False)
    signing: Mapping[str, Ed25519PublicKey]
    """By the vendor's name of the key."""


def open_assertion(text: str, keys: Keys) -> bytes:
    """The claims, once both envelopes hold. Raises RefusedError."""
    return _verified(_opened(text, keys.sealing), keys.signing)


def _opened(text: str, sealing: bytes) -> str:
    head, wrapped, nonce, closed, tag = _parts(text, 5)
    if _header(head) != _SEALED or wrapped:
        raise RefusedError(Refusal.OTHER_ALGORITHM)
    given = _bytes(nonce)
    if len(given) != _NONCE_BYTES:
        raise RefusedError(Refusal.UNREADABLE)
    try:
        return AESGCM(sealing).decrypt(given, _bytes(closed) + _bytes(tag), head.encode()).decode("ascii")
    except (InvalidTag, UnicodeDecodeError):
        raise RefusedError(Refusal.UNSIGNED) from None


def _verified(text: str, signing: Mapping[str, Ed25519PublicKey]) -> bytes:
    head, claims, signature = _parts(text, 3)
    header = _header(head)
    key = signing.get(str(header.pop("kid", "")))
    if header != {"alg": _SIGNED}:
        raise RefusedError(Refusal.OTHER_ALGORITHM)
    if key is None:
        raise RefusedError(Refusal.UNSIGNED)
    try:
        key.verify(_bytes(signature), f"{head}.{claims}".encode())
    except InvalidSignature:
        raise RefusedError(Refusal.UNSIGNED) from None
    return _bytes(claims)


def _parts(text: str, count: int) -> list[str]:
    parts = text.split(".")
    if len(parts) != count or not all(_ALPHABET.fullmatch(part) for part in parts):
        raise RefusedError(Refusal.UNREADABLE)
    return parts


def _header(text: str) -> dict[str, Any]:
    try:
        header = json.loads(_bytes(text))
    except ValueError:
        raise RefusedError(Refusal.UNREADABLE) from None
    if not isinstance(header, dict):
        raise RefusedError(Refusal.UNREADABLE)
    return header


def _bytes(text: str) -> bytes:
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise RefusedError(Refusal.UNREADABLE) from None
    if urlsafe_b64encode(raw).rstrip(b"=") != text.encode():
        # The last letter has bits that nobody reads: one assertion has one spelling.
        raise RefusedError(Refusal.UNREADABLE)
    return raw
