"""What we ask the provider."""

from urllib.parse import quote, urlencode

import orjson

from provider_adapters._kit.asking import Question, ask, browser_address, raise_for
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import Game, Launch, Outbound, PlayedRound, Replay
from provider_adapters._kit.strict_json import parse_object
from provider_adapters._kit.typed_json import FieldInvalidError, build
from provider_adapters.evolution_style import auth, mapping, wire
from provider_adapters.evolution_style.config import Config
from provider_adapters.evolution_style.errors import FAILURES

LAUNCH = "/ua/v1/"
LOBBY = "/api/lobby/v1/"
RENDER = "/api/render/v1/details"
_OK = 200


class Client:
    """The provider's API."""

    def __init__(self, config: Config, outbound: Outbound) -> None:
        self._config = config
        self._outbound = outbound

    async def launch_url(self, launch: Launch) -> str:
        """User authentication. The same launch gets an entry of its own each time, so it may be repeated."""
        secret = "/".join(quote(part, safe="") for part in (self._config.casino_key, self._config.api_token))
        body = orjson.dumps(mapping.launch_body(launch))
        headers = {"content-type": "application/json"}
        return await ask(
            self._outbound, Question(operation="launch", path=LAUNCH + secret, body=body, headers=headers), read_launch
        )

    async def games(self) -> tuple[Game, ...]:
        """The lobby."""
        return await ask(self._outbound, self._lobby(), read_games)

    async def ping(self, timeout_s: float) -> None:
        """The lobby again: the sheet has no smaller call."""
        await ask(self._outbound, self._lobby(), raise_refusal, probe_timeout_s=timeout_s)

    async def replay(self, played: PlayedRound) -> Replay:
        """The rendered round. Its address is for us alone, so the document itself is what others see."""
        question = Question(
            operation="render",
            method="GET",
            path=RENDER,
            query=urlencode({"gameId": mapping.game_of(played.round_id)}),
            headers={"authorization": auth.basic(self._config.casino_key, self._config.api_token)},
        )
        return Replay(page=await ask(self._outbound, question, read_page))

    def _lobby(self) -> Question:
        path = f"{LOBBY}{quote(self._config.casino_key, safe='')}/state"
        headers = {"authorization": auth.basic(self._config.casino_key, self._config.api_token)}
        return Question(operation="lobby", method="GET", path=path, headers=headers)


def read_launch(reply: HttpReply) -> str:
    """The address, if it is one that a browser may be sent to."""
    raise_refusal(reply)
    return browser_address(parse_object(reply.body)["entry"])


def read_games(reply: HttpReply) -> tuple[Game, ...]:
    """The catalog."""
    raise_refusal(reply)
    tables = parse_object(reply.body)["tables"]
    return mapping.catalog({name: build(wire.LobbyTable, table) for name, table in tables.items()})


def read_page(reply: HttpReply) -> str:
    """An HTML document."""
    raise_refusal(reply)
    text = reply.body.decode("utf-8")
    if not text.lstrip().startswith("<"):
        raise FieldInvalidError("page")
    return text


def raise_refusal(reply: HttpReply) -> None:
    """The provider's own errors."""
    if reply.status != _OK:
        raise_for(parse_object(reply.body)["errors"][0]["code"], FAILURES)
