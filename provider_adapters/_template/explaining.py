"""What a message's signature must be."""

from collections.abc import Mapping
from typing import Any

from provider_adapters._kit.explaining import Explained, with_hmac
from provider_adapters._kit.http import HttpRequest
from provider_adapters.acme_slots import auth, config


def explain(credentials: Mapping[str, Any], request: HttpRequest) -> Explained:
    """The exact bytes of the body."""
    secrets = config.read(credentials).secrets
    return with_hmac(secrets, "sha256", request.body, request.headers.get(auth.HEADER.lower(), ""))
