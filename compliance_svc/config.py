"""Settings of a compliance process."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from mesh.settings import ProcessSettings, split_address


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceSettings(ProcessSettings):
    """What a compliance process is told."""

    database_url: str
    """Address of the compliance database, with the role of the service."""
    wallet_addresses: tuple[str, ...]
    """Wallet processes, host:port,host:port."""
    register_address: str = ""
    """Process of the exclusion register that is asked at the opening of play, host:port. Empty: licensees ask it."""
    limit_files: Mapping[str, str] | None = None
    """Processes of the cross-operator limit files that are asked at the opening of play, by the names in packs:
    name=host:port,name=host:port. The wallets have the same. A file that is not named is asked by licensees."""
    activity_files: Mapping[str, str] | None = None
    """Processes of the cross-operator activity files that are told of play, by the names in packs:
    name=host:port,name=host:port. The session service is told that there are some. A file that is not named is told by
    licensees."""
    packs: Path | None = None
    """Folder of the law packs; without it those that are shipped."""
    pack_keys: Path | None = None
    """File with the public keys of those who sign law packs. Read again for each pack; without it none is released."""
    sandbox: bool = False
    """Also load packs without rules, which exist for sandboxes only."""
    replay_hour: int = 3
    """Hour of the day, in UTC, after which a sample of the decisions since the last one is decided again."""
    replay_sample: int = 10_000
    """Decisions in that sample. Zero: none is taken."""
    case_proposal_hours: int = 72
    """How long an action that was proposed for a case waits for a second person."""
    statement_timeout_ms: int = 5_000
    """Upper bound for one SQL statement."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        for address in (*(self.limit_files or {}).values(), *(self.activity_files or {}).values()):
            split_address(address)
        if self.replay_hour not in range(24):
            raise ValueError("PITBOSS_REPLAY_HOUR must be an hour of the day, 0 to 23.")
        if self.replay_sample < 0:
            raise ValueError("PITBOSS_REPLAY_SAMPLE must not be below zero.")
