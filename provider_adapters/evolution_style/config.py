"""The secrets and names of one integration. Both sides have the same ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provider_adapters._kit.config import secrets_in, text_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One integration."""

    casino_key: str
    """Our name at the provider."""
    api_token: str = field(repr=False)
    """What we show the provider."""
    auth_tokens: tuple[str, ...] = field(repr=False)
    """What the provider shows us; two while it is being changed."""


def read(credentials: Mapping[str, Any]) -> Config:
    """Check a credential file's content."""
    return Config(
        casino_key=text_in(credentials, "casino_key"),
        api_token=text_in(credentials, "api_token"),
        auth_tokens=secrets_in(credentials, "auth_token"),
    )
