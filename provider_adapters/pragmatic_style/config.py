"""What this provider and we agreed on. Read from the credentials once, checked whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from provider_adapters.pragmatic_style.auth import Spelling


class ConfigError(ValueError):
    """Credentials that cannot be used. The text names fields, never values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One integration."""

    secret: str = field(repr=False)
    """Ends every text that is hashed, on both sides."""
    secure_login: str = "pitboss"
    """Our name at the provider."""
    provider_id: str = "pragmaticplay"
    """What the provider calls itself in its messages."""
    hash_spelling: Spelling = Spelling.PLAIN
    """How values stand in the texts that we sign: "plain" or "encoded"."""

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, Any]) -> Self:
        """The configuration in a credentials file."""
        unknown = sorted(credentials.keys() - {one.name for one in fields(cls)})
        if unknown:
            raise ConfigError(f"unknown credentials: {', '.join(unknown)}")
        values = {"secret": "", **credentials}
        bad = sorted(name for name, value in values.items() if not isinstance(value, str) or not value)
        if bad:
            raise ConfigError(f"credentials must be texts and not empty: {', '.join(bad)}")
        return cls(**{**values, "hash_spelling": _spelling(values.get("hash_spelling", "plain"))})


def _spelling(text: str) -> Spelling:
    try:
        return Spelling(text)
    except ValueError:
        raise ConfigError("hash_spelling must be plain or encoded") from None
