"""The keys that sign what licensees' own wallets are sent. One file each; its name is the key's id."""

import base64
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh.request_signature import Signer

_SEED_SIZE = 32


class SigningKeyError(ValueError):
    """There is no usable key of this name."""


def load(folder: Path | None, name: str) -> Signer:
    """The key of this name: 32 secret bytes in base64. Read anew each time, so that a new file is enough to turn keys."""
    if folder is None:
        raise SigningKeyError("PITBOSS_LICENSEE_KEYS names no folder")
    try:
        seed = base64.b64decode((folder / name).read_text().strip(), validate=True)
    except (OSError, ValueError):
        raise SigningKeyError(f"there is no key {name}") from None
    if len(seed) != _SEED_SIZE:
        raise SigningKeyError(f"the key {name} is not 32 bytes in base64")
    return Signer(key_id=name, key=Ed25519PrivateKey.from_private_bytes(seed))
