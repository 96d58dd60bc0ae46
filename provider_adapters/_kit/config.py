"""Settings of one adapter process, and of one studio process."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesh.settings import ProcessSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSettings(ProcessSettings):
    """One adapter."""

    callback_listen: str
    """Address of the HTTP server that the provider calls, host:port."""
    provider_url: str
    """Base address of the provider's API."""
    provider_credentials: Path
    """File with the keys of this integration, JSON or TOML."""
    public_callback_url: str = ""
    """Base address under which the provider reaches us."""
    wallet_addresses: tuple[str, ...]
    """Every wallet replica, host:port,host:port."""
    session_address: str
    """The session service, host:port."""
    cache_url: str = field(default="", repr=False)
    """Valkey, redis:// or rediss://: used nonces and opened breakers, shared by the replicas. Empty: each knows its own."""
    sandbox: bool = False
    """Explain signatures to whoever may ask. Never with keys that move real money."""
    callbacks_at_once: int = 512
    """Callbacks answered at the same time; more are told to come again."""
    provider_timeout_ms: int = 0
    """How long the provider waits for an answer, where that was agreed otherwise than its manifest says. 0: as there."""
    probe_every_ms: int = 300
    """How often a healthy provider is asked whether it is there."""
    probe_timeout_ms: int = 250
    """How long the provider may take to answer a probe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioSettings:
    """One studio simulator."""

    studio_listen: str
    """Address of its own HTTP server, host:port."""
    studio_callback_url: str
    """Where it sends its callbacks."""
    studio_credentials: Path
    """File with the studio's keys, JSON or TOML."""
    studio_record: Path
    """SQLite file with its own books."""
    studio_timeout_ms: int = 0
    """How long it waits for an answer. 0: as the provider's manifest says."""
    studio_public_url: str = ""
    """Its address in launch addresses; by default http:// and where it listens."""
    log_level: str = "info"
    """debug, info, warning or error."""
    clock_file: Path | None = None
    """File that moves the sandbox's clock, for the times in its books. None: the computer's clock."""
    die_with_parent: bool = False
    """End when the parent process ends, however it ends."""


class CredentialsError(Exception):
    """A file of keys that cannot be used. The text never has its content."""


def read_credentials(path: Path) -> Mapping[str, Any]:
    """The content of a file of keys."""
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        message = f"{path}: {type(error).__name__}"
        raise CredentialsError(message) from None
    if not isinstance(content, dict):
        message = f"{path}: not a table"
        raise CredentialsError(message)
    return content


def text_in(credentials: Mapping[str, Any], name: str) -> str:
    """A field of a credential file that must be there."""
    value = credentials.get(name)
    if not isinstance(value, str) or not value:
        message = f"credentials: {name} must be a text, and not empty"
        raise CredentialsError(message)
    return value


def secrets_in(credentials: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A shared secret, and the one that it is being changed for. The first one is ours to sign with."""
    following = credentials.get(f"next_{name}")
    return (text_in(credentials, name), *([text_in(credentials, f"next_{name}")] if following else []))
