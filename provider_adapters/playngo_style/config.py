"""The secrets and names of one integration. Both sides have the same ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provider_adapters._kit.config import secrets_in, text_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One integration."""

    operator: str
    """Our name at the provider."""
    access_tokens: tuple[str, ...] = field(repr=False)
    """What the provider shows us; two while it is being changed."""
    api_token: str = field(repr=False)
    """What we show the provider."""


def read(credentials: Mapping[str, Any]) -> Config:
    """Check a credential file's content."""
    return Config(
        operator=text_in(credentials, "operator"),
        access_tokens=secrets_in(credentials, "access_token"),
        api_token=text_in(credentials, "api_token"),
    )
