"""Settings of a wallet process."""

import dataclasses
from pathlib import Path

from mesh.settings import ProcessSettings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WalletSettings(ProcessSettings):
    """What a wallet process is told."""

    database_url: str
    """Address of the wallet's database, with the role of the service."""
    replica: str = "wallet"
    """Name of this process; stands in every batch that it writes."""
    packs: Path | None = None
    """Folder of the law packs; without it those that are shipped."""
    sandbox: bool = False
    """Also load packs without rules, which exist for sandboxes only."""
    statement_timeout_ms: int = 5_000
    """Upper bound for one SQL statement."""
    most_waiting: int = 8_192
    """Actions that may wait for the next commit; more are refused at once."""
    most_in_flight: int = 512
    """Actions that one commit takes."""
    cached_players: int = 1_024
    """Players of each shard that are kept in memory."""
    sweep_interval_ms: int = 200
    """How often holds are looked at whose time is over."""
    attempts_days: int = 90
    """How long notes of repeated calls are kept. Transactions themselves are kept for ever."""
    feed_interval_ms: int = 100
    """How often a followed feed looks for new entries."""
