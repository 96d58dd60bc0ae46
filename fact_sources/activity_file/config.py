"""Settings of an activity file's process."""

import binascii
import dataclasses
from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fact_sources.signing import Keys
from mesh.settings import ProcessSettings

_KEY_BYTES: Final = 32


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ActivityFileSettings(ProcessSettings):
    """What an activity file's process is told."""

    activity_file_name: str
    """Name of the file, as packs name it."""
    activity_file_url: str
    """Address of the file, such as https://host."""
    activity_file_token: str = dataclasses.field(repr=False)
    """Secret that it knows us by."""
    activity_file_keys: Mapping[str, str]
    """Ed25519 keys that the file signs its answers with, id=base64 of 32 bytes. Two during a change of keys."""
    activity_file_timeout_ms: int = 1_500
    """How long an answer may take. Slower than this is silent."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if not self.activity_file_keys:
            raise ValueError("PITBOSS_ACTIVITY_FILE_KEYS is empty.")
        self.keys()

    def keys(self) -> Keys:
        """The file's keys, read."""
        return {name: Ed25519PublicKey.from_public_bytes(_key(text)) for name, text in self.activity_file_keys.items()}


def _key(text: str) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        message = f"PITBOSS_ACTIVITY_FILE_KEYS must be base64 of {_KEY_BYTES} bytes."
        raise ValueError(message)
    return key
