"""Settings of the second opinion."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from mesh.notes import Signer
from mesh.settings import ProcessSettings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinionSettings(ProcessSettings):
    """What the second opinion is told."""

    database_url: str = dataclasses.field(repr=False)
    """Address of the wallet's database, with a role that may read and do nothing else."""
    notebook: Path
    """File of what was recomputed so far. Without it, everything is recomputed from the first entry on."""
    log_name: str = "pitboss.localhost/ledger"
    """Name of the log in its checkpoints; the shard's number follows after a slash. Never the name of another ledger."""
    signing_key: str = dataclasses.field(default="", repr=False)
    """Secret that signs checkpoints: 32 random bytes in base64. Empty: nothing is signed."""
    interval_ms: int = 500
    """How long to rest when there is nothing new."""
    page_entries: int = 20_000
    """Entries that are read and recomputed together."""
    reread_per_second: int = 4_000
    """Old entries, and as many batches and accounts, that are read again each second. All of history takes its number of
    entries divided by this; as soon as somebody changes or deletes a row, they are read as fast as the machine can."""
    statement_timeout_ms: int = 30_000
    """Upper bound for one SQL statement."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if min(self.interval_ms, self.page_entries, self.reread_per_second) <= 0:
            raise ValueError(
                "PITBOSS_INTERVAL_MS, PITBOSS_PAGE_ENTRIES and PITBOSS_REREAD_PER_SECOND must be above zero."
            )
        try:
            self.signer()
        except ValueError as error:
            raise ValueError(f"PITBOSS_SIGNING_KEY or PITBOSS_LOG_NAME: {error}.") from None

    def signer(self) -> Signer | None:
        """Who signs; None without a key."""
        return Signer.load(self.log_name, self.signing_key) if self.signing_key else None
