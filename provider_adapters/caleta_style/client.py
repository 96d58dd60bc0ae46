"""What we ask the provider."""

from collections.abc import Mapping

import orjson

from provider_adapters._kit.asking import Question, ask, browser_address, raise_for
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import Game, Launch, Outbound
from provider_adapters._kit.rsa_signatures import Keys
from provider_adapters._kit.strict_json import parse_list, parse_object
from provider_adapters._kit.typed_json import build
from provider_adapters.caleta_style import auth, mapping, wire
from provider_adapters.caleta_style.errors import FAILURES

BASE = "/api/"
_OK = 200


class Client:
    """The provider's game API."""

    def __init__(self, keys: Keys, outbound: Outbound) -> None:
        self._keys = keys
        self._outbound = outbound

    async def launch_url(self, launch: Launch) -> str:
        """`game/url`. It moves no money and makes nothing, so it may be repeated."""
        question = self._question("game/url", mapping.launch_body(launch, self._keys.operator_id))
        return await ask(self._outbound, question, read_launch)

    async def games(self) -> tuple[Game, ...]:
        """`game/list`."""
        return await ask(self._outbound, self._question("game/list", self._operator), read_games)

    async def ping(self, timeout_s: float) -> None:
        """The list again: the sheet has no smaller call."""
        question = self._question("game/list", self._operator)
        await ask(self._outbound, question, raise_refusal, probe_timeout_s=timeout_s)

    @property
    def _operator(self) -> dict[str, str]:
        return {"operator_id": self._keys.operator_id}

    def _question(self, operation: str, fields: Mapping[str, str]) -> Question:
        body = orjson.dumps(fields)
        headers = {auth.HEADER: auth.sign(self._keys.own, body), "content-type": "application/json"}
        return Question(operation=operation, path=BASE + operation, body=body, headers=headers)


def read_launch(reply: HttpReply) -> str:
    """The address, if it is one that a browser may be sent to."""
    raise_refusal(reply)
    return browser_address(parse_object(reply.body)["url"])


def read_games(reply: HttpReply) -> tuple[Game, ...]:
    """The catalog."""
    raise_refusal(reply)
    return mapping.catalog([build(wire.CatalogRow, row) for row in parse_list(reply.body)])


def raise_refusal(reply: HttpReply) -> None:
    """The provider's own errors."""
    if reply.status != _OK:
        raise_for(parse_object(reply.body)["error"], FAILURES)
