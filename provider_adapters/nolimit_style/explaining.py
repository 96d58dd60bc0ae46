"""Which secret a message must show."""

from collections.abc import Mapping
from typing import Any

from provider_adapters._kit import json_rpc
from provider_adapters._kit.explaining import Explained, with_secret
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.strict_json import NotParseableError
from provider_adapters.nolimit_style import auth, config


def explain(credentials: Mapping[str, Any], request: HttpRequest) -> Explained:
    """A key beside our name, in the params of the call."""
    try:
        told = json_rpc.parse_call(request.body).params.get(auth.FIELD)
    except json_rpc.RpcError as error:
        raise NotParseableError(str(error)) from error
    return with_secret(config.read(credentials).keys, told.get("key") if isinstance(told, dict) else None)
