"""Why a signature is not the right one: what is signed, what the signature must be, and where the two part.

Only in sandboxes: whoever can ask for the right signature of any message can make messages.
"""

import base64
import binascii
import hashlib
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.rsa_signatures import Keys, verify
from provider_adapters._kit.shared_secrets import hmac_hex

SAME: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One message's signature."""

    algorithm: str
    """Such as "rsa-sha256", "hmac-sha1", "md5", or "shared secret" where the message only shows one."""
    canonical: bytes
    """Exactly what is signed, without the secret. Empty for a shared secret: it signs nothing."""
    expected: str
    """The digest or secret that the message must show, as it stands on the wire; of RSA the digest inside."""
    given: str
    """What it shows. Empty: nothing, or nothing that can be read."""

    @property
    def valid(self) -> bool:
        """It shows what it must."""
        return bool(self.expected) and self.given == self.expected

    def first_difference(self, believed: bytes = b"") -> int:
        """The first byte that differs: of what the sender believes is signed, or else of what the message shows."""
        if believed:
            return first_difference(self.canonical, believed)
        return first_difference(self.expected.encode(), self.given.encode())


Explain = Callable[[Mapping[str, Any], HttpRequest], Explained]
"""Credentials as in the adapter's file, and a request as it came; `explaining.py` of a provider has `explain`."""


def explain_of(provider: str) -> Explain:
    """The function of a provider's folder."""
    found: Explain = importlib.import_module(f"provider_adapters.{provider}.explaining").explain
    return found


def first_difference(one: bytes, other: bytes) -> int:
    """Position of the first byte in which two texts differ; SAME if there is none."""
    for position, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return position
    return SAME if len(one) == len(other) else min(len(one), len(other))


def with_hmac(secrets: Sequence[str], algorithm: str, canonical: bytes, given: str) -> Explained:
    """An HMAC in hexadecimal digits, with whichever live secret fits."""
    expected = [hmac_hex(secret, canonical, algorithm) for secret in secrets]
    return Explained(algorithm=f"hmac-{algorithm}", canonical=canonical, expected=best(expected, given), given=given)


def with_rsa(keys: Keys, header: str, request: HttpRequest) -> Explained:
    """RSASSA-PKCS1-v1_5 over the body: compared are the digests, because the right signature needs the other's key."""
    signature = request.headers.get(header.lower(), "")
    expected = hashlib.sha256(request.body).hexdigest()
    given = expected if verify(keys.others, request.body, signature) else _digest_in(signature, keys.others)
    return Explained(algorithm="rsa-sha256", canonical=request.body, expected=expected, given=given)


def with_secret(secrets: Sequence[str], given: object) -> Explained:
    """A secret that is shown in the message."""
    shown = given if isinstance(given, str) else ""
    return Explained(algorithm="shared secret", canonical=b"", expected=best(secrets, shown), given=shown)


def best(expected: Sequence[str], given: str) -> str:
    """The one that was given, or else the first."""
    return given if given in expected else expected[0]


def _digest_in(signature: str, keys: Sequence[RSAPublicKey]) -> str:
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return ""
    for key in keys:
        try:
            return key.recover_data_from_signature(raw, PKCS1v15(), SHA256()).hex()
        except InvalidSignature:
            continue
    return ""
