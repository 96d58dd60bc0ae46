"""The key and the name of one integration. Both sides have the same ones, for both directions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provider_adapters._kit.config import secrets_in, text_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One integration."""

    merchant_id: str
    merchant_keys: tuple[str, ...] = field(repr=False)
    """The first one signs; two are believed while it is being changed."""


def read(credentials: Mapping[str, Any]) -> Config:
    """Check a credential file's content."""
    return Config(
        merchant_id=text_in(credentials, "merchant_id"), merchant_keys=secrets_in(credentials, "merchant_key")
    )
