"""Settings of a witness."""

import dataclasses
from pathlib import Path
from typing import Literal

from mesh.notes import Cosigner
from mesh.settings import split_address
from mesh.verify.notes import Key


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WitnessSettings:
    """What a witness is told."""

    witness_listen: str
    """Address of its HTTP server, host:port. TLS is the business of whatever stands in front of it."""
    witness_name: str
    """Its name in cosignatures."""
    witness_key: str = dataclasses.field(repr=False)
    """Secret that cosigns: 32 random bytes in base64."""
    witness_state: Path
    """File with the last checkpoint of each log. Lost, it begins to trust again what it is shown first."""
    witness_logs: tuple[str, ...]
    """Public keys of the logs that it witnesses, in the form of C2SP signed-note."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important lines that are written: debug, info, warning or error."""
    die_with_parent: bool = False
    """End when the parent process ends, however it ends."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        split_address(self.witness_listen)
        self.cosigner()
        self.keys()

    def cosigner(self) -> Cosigner:
        """Who cosigns."""
        return Cosigner.load(self.witness_name, self.witness_key)

    def keys(self) -> list[Key]:
        """The logs that are witnessed."""
        return [Key.parse(text) for text in self.witness_logs]
