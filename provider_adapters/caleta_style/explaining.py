"""What a message's signature must be."""

from collections.abc import Mapping
from typing import Any

from provider_adapters._kit.explaining import Explained, with_rsa
from provider_adapters._kit.http import HttpRequest
from provider_adapters.caleta_style import auth
from provider_adapters.caleta_style.config import adapter_keys


def explain(credentials: Mapping[str, Any], request: HttpRequest) -> Explained:
    """The exact bytes of the body."""
    return with_rsa(adapter_keys(credentials), auth.HEADER, request)
