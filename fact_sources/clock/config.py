"""Settings of the process that measures a node's clock."""

import dataclasses
from pathlib import Path
from typing import Literal

from mesh.settings import split_address


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings:
    """What the process that measures a node's clock is told. At least one source of time."""

    clock_listen: str
    """Address of its health check, host:port."""
    clock_report: Path
    """File that it writes, and that the wallets of the node read: their `PITBOSS_CLOCK_REPORT`."""
    database_url: str = dataclasses.field(default="", repr=False)
    """Address of a database whose server's clock is a source, with a role that may connect. Empty: it is none."""
    clock_ntp: tuple[str, ...] = ()
    """Time servers that are sources, host:port,host:port. Only those that are trusted: SNTP is not signed."""
    clock_kernel: bool = False
    """Whether what the kernel knows of its own clock is a source: only where a time daemon of the node disciplines it."""
    clock_every_ms: int = 5_000
    """How often it measures."""
    clock_timeout_ms: int = 1_000
    """How long an answer may take. Slower than this is silent."""
    clock_max_error_ms: int = 75
    """Error of a measurement up to which it says something. More is silence: an answer that took too long."""
    clock_file: Path | None = None
    """Offset file of a sandbox's clock."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important lines that are written: debug, info, warning or error."""
    die_with_parent: bool = False
    """End when the parent process ends, however it ends."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        for address in (self.clock_listen, *self.clock_ntp):
            split_address(address)
        if not (self.database_url or self.clock_ntp or self.clock_kernel):
            raise ValueError(
                "There is no source of time: PITBOSS_DATABASE_URL, PITBOSS_CLOCK_NTP or PITBOSS_CLOCK_KERNEL."
            )
        if self.clock_kernel and self.clock_file is not None:
            raise ValueError("PITBOSS_CLOCK_KERNEL knows nothing of the sandbox's clock of PITBOSS_CLOCK_FILE.")
