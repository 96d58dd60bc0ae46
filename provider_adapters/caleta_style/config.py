"""The keys and names of one integration."""

from collections.abc import Mapping
from typing import Any

from provider_adapters._kit.rsa_signatures import Keys, read_keys

__all__ = ["Keys", "adapter_keys", "studio_keys"]


def adapter_keys(credentials: Mapping[str, Any]) -> Keys:
    """The adapter's side."""
    return read_keys(credentials, "provider_public_key")


def studio_keys(credentials: Mapping[str, Any]) -> Keys:
    """The studio simulator's side."""
    return read_keys(credentials, "operator_public_key")
