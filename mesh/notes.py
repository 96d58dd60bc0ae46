"""Signed notes and checkpoints in the formats of C2SP, with Ed25519. What they look like: docs/proofs.md.

Opening a note is `mesh.verify.notes`, which shares no code with this: whoever checks does not trust whoever signs.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519: Final = b"\x01"
"""Kind of signature, as it stands before a key."""
COSIGNATURE: Final = b"\x04"
"""Kind of a witness's signature."""

_SEED_SIZE: Final = 32


class Signer:
    """A named Ed25519 key. The name is that of the log, as in the first line of its checkpoints."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        if not name or "+" in name or any(letter.isspace() for letter in name):
            raise ValueError(f"{name!r} cannot name a key: it is empty, or has a plus or a space in it")
        self.name = name
        self._key = key
        self._public = ED25519 + key.public_key().public_bytes_raw()
        self._id = sha256(name.encode() + b"\n" + self._public).digest()[:4]

    @classmethod
    def load(cls, name: str, seed: str) -> Self:
        """A signer from the 32 secret bytes of its key in base64. Raises ValueError if they are not that."""
        try:
            secret = b64decode(seed, validate=True)
        except ValueError:
            secret = b""
        if len(secret) != _SEED_SIZE:
            # The value itself is a secret, so it stands in no error.
            raise ValueError("a signing key is 32 bytes in base64")
        return cls(name, Ed25519PrivateKey.from_private_bytes(secret))

    def named(self, name: str) -> Signer:
        """The same key under another name."""
        return Signer(name, self._key)

    @property
    def verifier_key(self) -> str:
        """The public half as text: name, key id, and the key with its kind."""
        return f"{self.name}+{self._id.hex()}+{b64encode(self._public).decode()}"

    def sign(self, text: str) -> str:
        """A note: the text, which ends with a line feed, an empty line, and our signature."""
        if not text.endswith("\n"):
            raise ValueError("the text of a note ends with a line feed")
        signature = b64encode(self._id + self._key.sign(text.encode())).decode()
        return f"{text}\n\N{EM DASH} {self.name} {signature}\n"

    def checkpoint(self, size: int, root: bytes) -> str:
        """A signed checkpoint of the log with our name."""
        return self.sign(f"{self.name}\n{size}\n{b64encode(root).decode()}\n")


class Cosigner:
    """A witness's named Ed25519 key, as in C2SP tlog-cosignature."""

    def __init__(self, name: str, seed: str) -> None:
        signer = Signer.load(name, seed)
        self.name = signer.name
        self._key = signer._key  # noqa: SLF001 - the same kind of key, in the same module
        self._public = COSIGNATURE + self._key.public_key().public_bytes_raw()
        self._id = sha256(name.encode() + b"\n" + self._public).digest()[:4]

    @property
    def verifier_key(self) -> str:
        """The public half as text: name, key id, and the key with its kind."""
        return f"{self.name}+{self._id.hex()}+{b64encode(self._public).decode()}"

    def cosign(self, text: str, moment: int) -> str:
        """Our line for a checkpoint's text, which ends with a line feed; `moment` in seconds since 1970."""
        signature = self._key.sign(f"cosignature/v1\ntime {moment}\n{text}".encode())
        encoded = b64encode(self._id + moment.to_bytes(8) + signature).decode()
        return f"\N{EM DASH} {self.name} {encoded}"


def new_seed() -> str:
    """A new secret key in base64."""
    return b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()
