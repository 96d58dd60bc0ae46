"""Settings of a location vendor's process."""

import binascii
import dataclasses
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fact_sources.geolocation.sealing import Keys
from mesh.settings import split_address

_KEY_BYTES: Final = 32


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GeolocationSettings:
    """What a location vendor's process is told."""

    geolocation_listen: str
    """Address at which it takes assertions, host:port. TLS is the business of whatever stands in front of it."""
    geolocation_vendor: str
    """Name of the vendor, for evidence and logs: small letters, digits, `_` and `-`."""
    geolocation_url: str
    """Address of the vendor, whose health is watched, such as https://host."""
    geolocation_keys: Mapping[str, str]
    """Ed25519 keys that the vendor signs with, id=base64 of 32 bytes. Two during a change of keys."""
    geolocation_sealing_key: str = dataclasses.field(repr=False)
    """Key that assertions are sealed with for us, base64 of 32 bytes."""
    geolocation_max_age_ms: int = 60_000
    """How old an assertion may be when it comes."""
    geolocation_watch_ms: int = 5_000
    """How often the vendor is asked whether it is well."""
    geolocation_hold_ms: int = 60_000
    """How long the wallets believe what they were told of the vendor. Then it is silent."""
    geolocation_timeout_ms: int = 2_000
    """How long the vendor may take to say that it is well. Slower than this is silent."""
    compliance_address: str
    """The compliance service, host:port."""
    wallet_addresses: tuple[str, ...]
    """Wallet processes, host:port,host:port."""
    tls_dir: Path
    """Folder with ca.pem, tls.pem and tls.key of this process."""
    clock_file: Path | None = None
    """Offset file of a sandbox's clock."""
    call_timeout_ms: int = 4_000
    """How long one recording may take."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important lines that are written: debug, info, warning or error."""
    die_with_parent: bool = False
    """End when the parent process ends, however it ends."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        for address in (self.geolocation_listen, self.compliance_address, *self.wallet_addresses):
            split_address(address)
        if not self.geolocation_keys:
            raise ValueError("PITBOSS_GEOLOCATION_KEYS is empty.")
        self.keys()

    def keys(self) -> Keys:
        """The keys, read."""
        return Keys(
            sealing=_key("PITBOSS_GEOLOCATION_SEALING_KEY", self.geolocation_sealing_key),
            signing={
                name: Ed25519PublicKey.from_public_bytes(_key("PITBOSS_GEOLOCATION_KEYS", text))
                for name, text in self.geolocation_keys.items()
            },
        )


def _key(variable: str, text: str) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        message = f"{variable} must be base64 of {_KEY_BYTES} bytes."
        raise ValueError(message)
    return key
