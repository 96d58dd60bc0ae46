"""What a message's signature must be."""

from collections.abc import Mapping
from typing import Any

from provider_adapters._kit.explaining import Explained, with_hmac
from provider_adapters._kit.http import HttpRequest
from provider_adapters.slotegrator_style import auth, config


def explain(credentials: Mapping[str, Any], request: HttpRequest) -> Explained:
    """Parameters and three headers together, sorted by name."""
    headers = {name: request.headers.get(name.lower(), "") for name in auth.SIGNED_HEADERS}
    message = auth.message(auth.parse(request.body), headers)
    given = request.headers.get(auth.SIGN.lower(), "")
    return with_hmac(config.read(credentials).merchant_keys, "sha1", message, given)
