"""What we ask the provider."""

import json
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from provider_adapters._kit.errors import ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import Game, Launch, Outbound
from provider_adapters._kit.strict_json import NotParseableError, parse_list, parse_object
from provider_adapters._kit.typed_json import FieldInvalidError, build
from provider_adapters.acme_slots import auth, mapping, wire
from provider_adapters.acme_slots.config import Config
from provider_adapters.acme_slots.errors import FAILURES, Code

T = TypeVar("T")

BASE = "/api/"
_OK = 200


class Client:
    """The provider's API."""

    def __init__(self, config: Config, outbound: Outbound) -> None:
        self._config = config
        self._outbound = outbound

    async def launch_url(self, launch: Launch) -> str:
        """It moves no money and makes nothing, so it may be repeated."""
        return await self._post("launch", mapping.launch_body(launch, self._config.operator_id), read_launch)

    async def games(self) -> tuple[Game, ...]:
        """The catalog."""
        return await self._post("games", {"operator": self._config.operator_id}, read_games)

    async def ping(self, timeout_s: float) -> None:
        """The smallest answer the provider has."""
        await self._post("ping", {"operator": self._config.operator_id}, read_anything, timeout_s)

    async def _post(
        self,
        operation: str,
        fields: Mapping[str, str],
        read: Callable[[HttpReply], T],
        probe_timeout_s: float | None = None,
    ) -> T:
        body = json.dumps(fields).encode()

        def checked(reply: HttpReply) -> T:
            return _checked(operation, reply, read)

        return await self._outbound.send(
            operation,
            "POST",
            BASE + operation,
            read=checked,
            body=body,
            headers={auth.HEADER: auth.sign(self._config.secrets[0], body), "content-type": "application/json"},
            safe=probe_timeout_s is None,
            guarded=probe_timeout_s is None,
            timeout_s=probe_timeout_s,
        )


def _checked(operation: str, reply: HttpReply, read: Callable[[HttpReply], T]) -> T:
    try:
        if reply.status == _OK:
            return read(reply)
        code = parse_object(reply.body).get("code")
    except (NotParseableError, FieldInvalidError) as error:
        raise ProviderFailedError(operation=operation) from error
    if not isinstance(code, str) or code not in list(Code):
        raise ProviderFailedError(operation=operation)
    failure: type[ProviderFailedError | ProviderRefusedError] = FAILURES[Code(code)]
    raise failure(operation=operation, code=code)


def read_launch(reply: HttpReply) -> str:
    """The address, if it is one that a browser may be sent to."""
    url = build(wire.LaunchReply, parse_object(reply.body)).url
    if urlsplit(url).scheme not in {"http", "https"}:
        raise FieldInvalidError("url")
    return url


def read_games(reply: HttpReply) -> tuple[Game, ...]:
    """The catalog."""
    return mapping.catalog([build(wire.GameRow, row) for row in parse_list(reply.body)])


def read_anything(reply: HttpReply) -> None:
    """Any answer that is not an error."""
    parse_object(reply.body)
