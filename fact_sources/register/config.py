"""Settings of a register's process."""

import dataclasses

from mesh.settings import ProcessSettings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSettings(ProcessSettings):
    """What a register's process is told."""

    register_name: str
    """Name of the register, as packs name it."""
    register_url: str
    """Address of the register, such as https://host."""
    register_token: str = dataclasses.field(repr=False)
    """Secret that it knows us by."""
    register_timeout_ms: int = 1_500
    """How long an answer may take. Slower than this is silent."""
