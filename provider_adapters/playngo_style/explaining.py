"""Which secret a message must show."""

from collections.abc import Mapping
from typing import Any

from provider_adapters._kit import strict_xml
from provider_adapters._kit.explaining import Explained, with_secret
from provider_adapters._kit.http import HttpRequest
from provider_adapters.playngo_style import auth, config


def explain(credentials: Mapping[str, Any], request: HttpRequest) -> Explained:
    """A token in an element of its own."""
    _, fields = strict_xml.parse(request.body)
    return with_secret(config.read(credentials).access_tokens, fields.get(auth.FIELD))
