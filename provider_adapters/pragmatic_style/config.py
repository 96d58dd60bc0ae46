"""What this provider and we agreed on. Read from the credentials once, checked whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from provider_adapters._kit.config import CredentialsError
from provider_adapters.pragmatic_style.auth import Spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One integration."""

    secret: str = field(repr=False)
    """Ends every text that is hashed, on both sides."""
    next_secret: str = field(default="", repr=False)
    """Also accepted while the provider changes over to it. We sign with `secret`."""
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
            raise CredentialsError(f"pragmatic_style credentials: unknown {', '.join(unknown)}")
        values = {"secret": "", **credentials}
        bad = sorted(name for name, value in values.items() if not isinstance(value, str) or not value)
        if bad:
            raise CredentialsError(f"pragmatic_style credentials: {', '.join(bad)} must be a text, and not empty")
        return cls(**{**values, "hash_spelling": _spelling(values.get("hash_spelling", "plain"))})

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that a message to us may be hashed with."""
        return (self.secret, self.next_secret) if self.next_secret else (self.secret,)


def _spelling(text: str) -> Spelling:
    try:
        return Spelling(text)
    except ValueError:
        raise CredentialsError("pragmatic_style credentials: hash_spelling must be plain or encoded") from None
