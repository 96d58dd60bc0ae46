"""The keys and names of one integration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provider_adapters._kit.config import CredentialsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Both sides have the same two values here."""

    operator_id: str
    secret: bytes = field(repr=False)


def read(credentials: Mapping[str, Any]) -> Config:
    """Check a credential file's content."""
    operator_id, secret = credentials.get("operator_id"), credentials.get("secret")
    if not isinstance(operator_id, str) or not isinstance(secret, str) or not operator_id or not secret:
        message = "acme_slots credentials: operator_id and secret must be texts"
        raise CredentialsError(message)
    return Config(operator_id=operator_id, secret=secret.encode())
