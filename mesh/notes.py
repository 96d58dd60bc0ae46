"""Signed notes and checkpoints in the formats of C2SP, with Ed25519. What they look like: docs/proofs.md.

Opening a note is `mesh.verify.notes`, which shares no code with this: whoever checks does not trust whoever signs.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import ClassVar, Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519: Final = b"\x01"
"""Kind of signature, as it stands before a key."""
COSIGNATURE: Final = b"\x04"
"""Kind of a witness's signature."""

_SEED_SIZE: Final = 32


class _NamedKey:
    """An Ed25519 key with a name, as a note and its signatures show it."""

    KIND: ClassVar[bytes]

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        if not name or "+" in name or any(letter.isspace() for letter in name):
            raise ValueError(f"{name!r} cannot name a key: it is empty, or has a plus or a space in it")
        self.name = name
        self._key = key
        self._public = self.KIND + key.public_key().public_bytes_raw()
        self._id = sha256(name.encode() + b"\n" + self._public).digest()[:4]

    @classmethod
    def load(cls, name: str, seed: str) -> Self:
        """A key from its 32 secret bytes in base64. Raises ValueError if they are not that."""
        try:
            secret = b64decode(seed, validate=True)
        except ValueError:
            secret = b""
        if len(secret) != _SEED_SIZE:
            # The value itself is a secret, so it stands in no error.
            raise ValueError("a signing key is 32 bytes in base64")
        return cls(name, Ed25519PrivateKey.from_private_bytes(secret))

    @property
    def verifier_key(self) -> str:
        """The public half as text: name, key id, and the key with its kind."""
        return f"{self.name}+{self._id.hex()}+{b64encode(self._public).decode()}"

    def _line(self, said: str, moment: bytes = b"") -> str:
        """A note's signature line over what is said; a cosignature has its moment before the signature."""
        encoded = b64encode(self._id + moment + self._key.sign(said.encode())).decode()
        return f"\N{EM DASH} {self.name} {encoded}"


class Signer(_NamedKey):
    """A log's key. The name is that of the log, as in the first line of its checkpoints."""

    KIND = ED25519

    def named(self, name: str) -> Signer:
        """The same key under another name."""
        return Signer(name, self._key)

    def sign(self, text: str) -> str:
        """A note: the text, which ends with a line feed, an empty line, and our signature."""
        if not text.endswith("\n"):
            raise ValueError("the text of a note ends with a line feed")
        return f"{text}\n{self._line(text)}\n"

    def checkpoint(self, size: int, root: bytes) -> str:
        """A signed checkpoint of the log with our name."""
        return self.sign(f"{self.name}\n{size}\n{b64encode(root).decode()}\n")


class Cosigner(_NamedKey):
    """A witness's key, as in C2SP tlog-cosignature."""

    KIND = COSIGNATURE

    def cosign(self, text: str, moment: int) -> str:
        """Our line for a checkpoint's text, which ends with a line feed; `moment` in seconds since 1970."""
        return self._line(f"cosignature/v1\ntime {moment}\n{text}", moment.to_bytes(8))


def new_seed() -> str:
    """A new secret key in base64."""
    return b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()
