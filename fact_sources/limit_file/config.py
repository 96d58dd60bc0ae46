"""Settings of a limit file's process."""

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
class LimitFileSettings(ProcessSettings):
    """What a limit file's process is told."""

    limit_file_name: str
    """Name of the file, as packs name it."""
    limit_file_url: str
    """Address of the file, such as https://host."""
    limit_file_token: str = dataclasses.field(repr=False)
    """Secret that it knows us by."""
    limit_file_keys: Mapping[str, str]
    """Ed25519 keys that the file signs its answers with, id=base64 of 32 bytes. Two during a change of keys."""
    limit_file_currency: str = "EUR"
    """Currency that the file counts in. Deposits in any other are not for it: it is silent about them."""
    limit_file_timeout_ms: int = 1_500
    """How long an answer may take. Slower than this is silent."""
    wallet_addresses: tuple[str, ...] = ()
    """Wallet processes that are told whether the file answers, host:port,host:port. Empty: nobody is told."""
    limit_file_watch_ms: int = 5_000
    """How often the file is asked whether it answers."""
    limit_file_hold_ms: int = 60_000
    """How long the wallets believe what they were told of the file. Then it is silent."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if not self.limit_file_keys:
            raise ValueError("PITBOSS_LIMIT_FILE_KEYS is empty.")
        self.keys()

    def keys(self) -> Keys:
        """The file's keys, read."""
        return {name: Ed25519PublicKey.from_public_bytes(_key(text)) for name, text in self.limit_file_keys.items()}


def _key(text: str) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        message = f"PITBOSS_LIMIT_FILE_KEYS must be base64 of {_KEY_BYTES} bytes."
        raise ValueError(message)
    return key
