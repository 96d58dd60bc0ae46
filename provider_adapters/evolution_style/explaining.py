"""Which secret a message must show."""

from collections.abc import Mapping
from typing import Any

from provider_adapters._kit.explaining import Explained, with_secret
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.strict_form import decode, parse_pairs
from provider_adapters.evolution_style import auth, config


def explain(credentials: Mapping[str, Any], request: HttpRequest) -> Explained:
    """A token in the query."""
    shown = decode(parse_pairs(request.query)).get(auth.PARAMETER)
    return with_secret(config.read(credentials).auth_tokens, shown)
