"""Settings of a compliance process."""

import dataclasses
from pathlib import Path

from mesh.settings import ProcessSettings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceSettings(ProcessSettings):
    """What a compliance process is told."""

    database_url: str
    """Address of the compliance database, with the role of the service."""
    wallet_addresses: tuple[str, ...]
    """Wallet processes, host:port,host:port."""
    register_address: str = ""
    """Process of the exclusion register that is asked at the opening of play, host:port. Empty: licensees ask it."""
    packs: Path | None = None
    """Folder of the law packs; without it those that are shipped."""
    pack_keys: Path | None = None
    """File with the public keys of those who sign law packs. Read again for each pack; without it none is released."""
    sandbox: bool = False
    """Also load packs without rules, which exist for sandboxes only."""
    statement_timeout_ms: int = 5_000
    """Upper bound for one SQL statement."""
