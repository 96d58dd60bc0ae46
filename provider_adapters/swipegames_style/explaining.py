"""What a message's signature must be."""

from collections.abc import Mapping
from typing import Any

from provider_adapters._kit.explaining import Explained, with_hmac
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.strict_form import decode, parse_pairs
from provider_adapters.swipegames_style import auth, config
from provider_adapters.swipegames_style.callbacks import BALANCE


def explain(credentials: Mapping[str, Any], request: HttpRequest) -> Explained:
    """The exact bytes of the body; of a question about the balance, its query as canonical JSON."""
    asks = request.path == BALANCE
    message = auth.canonical(decode(parse_pairs(request.query))) if asks else request.body
    given = request.headers.get(auth.HEADER.lower(), "")
    return with_hmac(config.read(credentials).integration_keys, "sha256", message, given)
