"""The keys and names of one integration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provider_adapters._kit.config import secrets_in, text_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Both sides have the same values here."""

    operator_id: str
    secrets: tuple[str, ...] = field(repr=False)
    """Both sides sign with the first one; two are believed while it is being changed."""


def read(credentials: Mapping[str, Any]) -> Config:
    """Check a credential file's content."""
    return Config(operator_id=text_in(credentials, "operator_id"), secrets=secrets_in(credentials, "secret"))
