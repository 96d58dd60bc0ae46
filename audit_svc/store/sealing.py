"""Payloads under the key of their player, and those keys under a key that is in no database.

Whoever destroys the sealed key of a player has destroyed salts and events of all entries about that player, in every
copy and backup of the payloads; the leaves say nothing without the salts.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SALT_BYTES = 32
_NONCE_BYTES = 12


class SealBrokenError(Exception):
    """The sealed bytes were changed, belong elsewhere, or were sealed with a key that is no longer here."""


class Safe:
    """Makes, seals and opens the keys of players. The first key seals; all of them open."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._boxes = [AESGCM(_derived(key, b"keys")) for key in keys]
        self._houses = [Box(_derived(key, b"house")) for key in keys]
        self._namers = [_derived(key, b"rounds") for key in keys]

    @property
    def houses(self) -> Sequence["Box"]:
        """What events about no player are sealed with, the present one first."""
        return self._houses

    def names(self, parts: Sequence[str]) -> list[bytes]:
        """What stands for a round in an index, under each key; the present one first."""
        said = json.dumps(list(parts), separators=(",", ":"), ensure_ascii=False).encode()
        return [hmac.new(key, said, hashlib.sha256).digest() for key in self._namers]

    def new_key(self, subject: str) -> tuple["Box", bytes]:
        """A new player's key, and the same sealed."""
        key, nonce = AESGCM.generate_key(256), os.urandom(_NONCE_BYTES)
        return Box(key), nonce + self._boxes[0].encrypt(nonce, key, subject.encode())

    def open_key(self, subject: str, sealed: bytes) -> "Box":
        """A player's key. Raises SealBrokenError."""
        for box in self._boxes:
            try:
                return Box(box.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], subject.encode()))
            except InvalidTag:
                continue
        raise SealBrokenError(subject)


class Box:
    """One key for payloads."""

    def __init__(self, key: bytes) -> None:
        self._box = AESGCM(key)

    def seal(self, salt: bytes, payload: str, commitment: bytes) -> bytes:
        """Salt and event, unreadable, and bound to the commitment in the leaf."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._box.encrypt(nonce, salt + payload.encode(), commitment)

    def open(self, sealed: bytes, commitment: bytes) -> tuple[bytes, str]:
        """The salt and the event. Raises SealBrokenError."""
        try:
            opened = self._box.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], commitment)
        except InvalidTag:
            raise SealBrokenError(commitment.hex()) from None
        return opened[:SALT_BYTES], opened[SALT_BYTES:].decode()


def _derived(key: bytes, purpose: bytes) -> bytes:
    """A key of its own for each purpose."""
    return hmac.new(key, b"pitboss.audit_svc." + purpose, hashlib.sha256).digest()
