"""Secrets at rest.

Launch tokens and launch addresses are sealed, not hashed away and not replaced: a retry of a launch must return the same
address, and an adapter that knows only the player must learn the token that the provider holds. Launching anew for each
retry would ask the provider for a second game window and would fail while the provider is down. So both are kept,
under a key that is in no database, backup or replica. Tokens are found by their digest.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from session_svc.domain.keys import KEY_BYTES

_NONCE_BYTES = 12


class SealBrokenError(Exception):
    """The sealed bytes were changed, belong elsewhere, or were sealed with a key that is no longer here."""


class Vault:
    """Seals and opens. The first key seals; all of them open, so that keys can be changed without losing anything."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError("sealing takes keys of 32 bytes")
        self._boxes = [AESGCM(_derived(key, b"seal")) for key in keys]
        self.page_key = _derived(keys[0], b"pages")

    def seal(self, text: bytes, belongs_to: bytes) -> bytes:
        """The text, unreadable, and bound to what it belongs to."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._boxes[0].encrypt(nonce, text, belongs_to)

    def open(self, sealed: bytes, belongs_to: bytes) -> bytes:
        """The text again."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        for box in self._boxes:
            try:
                return box.decrypt(nonce, rest, belongs_to)
            except (InvalidTag, ValueError):
                continue
        raise SealBrokenError


def _derived(key: bytes, purpose: bytes) -> bytes:
    """A key of its own for each purpose."""
    return hmac.new(key, b"pitboss.session_svc." + purpose, hashlib.sha256).digest()
