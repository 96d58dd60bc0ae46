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
    hash_spelling: str = Spelling.PLAIN.value
    """How we spell values when we sign: "plain" or "encoded"."""

    def __post_init__(self) -> None:
        if self.hash_spelling not in {spelling.value for spelling in Spelling}:
            raise ConfigError("hash_spelling must be plain or encoded")

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, Any]) -> Self:
        """The configuration in a credentials file."""
        known = {one.name for one in fields(cls)}
        unknown = sorted(credentials.keys() - known)
        if unknown:
            raise ConfigError(f"unknown credentials: {', '.join(unknown)}")
        bad = sorted(name for name, value in credentials.items() if not isinstance(value, str) or not value)
        if bad or "secret" not in credentials:
            raise ConfigError(f"credentials must be texts and not empty: {', '.join(bad) or 'secret'}")
        return cls(**credentials)

    @property
    def spelling(self) -> Spelling:
        """How we spell values when we sign."""
        return Spelling(self.hash_spelling)
