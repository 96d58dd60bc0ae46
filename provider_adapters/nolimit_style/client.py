"""What we ask the provider."""

from collections.abc import Mapping
from typing import Any

import orjson

from provider_adapters._kit.asking import Question, ask, browser_address, raise_for
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import Game, Launch, Outbound
from provider_adapters._kit.strict_json import parse_object
from provider_adapters._kit.typed_json import FieldInvalidError, build
from provider_adapters.nolimit_style import auth, mapping, wire
from provider_adapters.nolimit_style.config import Config
from provider_adapters.nolimit_style.errors import FAILURES

PATH = "/api/v1/json"

_FAILURES = {str(int(code)): failure for code, failure in FAILURES.items()}


class Client:
    """The provider's API, JSON-RPC as well."""

    def __init__(self, config: Config, outbound: Outbound) -> None:
        self._config = config
        self._outbound = outbound

    async def launch_url(self, launch: Launch) -> str:
        """It moves no money and makes nothing, so it may be repeated."""
        return await ask(self._outbound, self._question("game.launch", mapping.launch_params(launch)), read_launch)

    async def games(self) -> tuple[Game, ...]:
        """The catalog."""
        return await ask(self._outbound, self._question("game.list", {}), read_games)

    async def ping(self, timeout_s: float) -> None:
        """The smallest answer the provider has."""
        await ask(self._outbound, self._question("ping", {}), read_result, probe_timeout_s=timeout_s)

    def _question(self, method: str, params: Mapping[str, str]) -> Question:
        identified = {auth.FIELD: auth.identification(self._config.operator, self._config.api_key), **params}
        body = orjson.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": identified})
        return Question(operation=method, path=PATH, body=body, headers={"content-type": "application/json"})


def read_result(reply: HttpReply) -> dict[str, Any]:
    """The result, or the provider's own error."""
    content = parse_object(reply.body)
    if "error" in content:
        error = content["error"]
        raise_for(str(error.get("data", error)["code"]), _FAILURES)
    result = content["result"]
    if not isinstance(result, dict):
        raise FieldInvalidError("result")
    return result


def read_launch(reply: HttpReply) -> str:
    """The address, if it is one that a browser may be sent to."""
    return browser_address(read_result(reply)["url"])


def read_games(reply: HttpReply) -> tuple[Game, ...]:
    """The catalog."""
    return mapping.catalog([build(wire.GameRow, row) for row in read_result(reply)["games"]])
