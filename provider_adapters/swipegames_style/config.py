"""The keys and the name of one integration. Both sides have the same ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provider_adapters._kit.config import secrets_in, text_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One integration."""

    client_id: str
    integration_keys: tuple[str, ...] = field(repr=False)
    """The provider signs callbacks with the first one; two are believed while it is being changed."""
    api_key: str = field(repr=False)
    """We sign our calls with it."""


def read(credentials: Mapping[str, Any]) -> Config:
    """Check a credential file's content."""
    return Config(
        client_id=text_in(credentials, "client_id"),
        integration_keys=secrets_in(credentials, "integration_key"),
        api_key=text_in(credentials, "api_key"),
    )
