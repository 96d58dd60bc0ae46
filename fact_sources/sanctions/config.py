"""Settings of a screening source's process."""

import dataclasses
from pathlib import Path
from typing import Literal

from mesh.settings import split_address


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SanctionsSettings:
    """What a screening source's process is told."""

    sanctions_listen: str
    """Address of its health check, host:port."""
    sanctions_source: str
    """Name of the source, for evidence and logs: small letters, digits, `_` and `-`."""
    sanctions_url: str
    """Address of the source, such as https://host."""
    sanctions_token: str = dataclasses.field(repr=False)
    """Secret that the source knows us by."""
    sanctions_state: Path
    """File in which it remembers how far it has read the ledger, and what it has found. One process at a time."""
    sanctions_poll_ms: int = 2_000
    """How often it looks for new players and new lists."""
    sanctions_hold_ms: int = 60_000
    """How long the wallets believe what they were told of the source. Then it is silent."""
    sanctions_timeout_ms: int = 2_000
    """How long an answer may take. Slower than this is silent."""
    compliance_address: str
    """The compliance service, host:port."""
    wallet_addresses: tuple[str, ...]
    """Wallet processes, host:port,host:port."""
    tls_dir: Path
    """Folder with ca.pem, tls.pem and tls.key of this process."""
    call_timeout_ms: int = 4_000
    """How long one call inside the mesh may take."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important lines that are written: debug, info, warning or error."""
    die_with_parent: bool = False
    """End when the parent process ends, however it ends."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        for address in (self.sanctions_listen, self.compliance_address, *self.wallet_addresses):
            split_address(address)
        if not self.sanctions_token:
            raise ValueError("PITBOSS_SANCTIONS_TOKEN is empty.")
