"""What we ask the provider."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from provider_adapters._kit.asking import Question, ask, browser_address, raise_for
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import FreeRounds, Game, GivenRounds, Launch, Outbound
from provider_adapters._kit.strict_json import parse_list, parse_object
from provider_adapters._kit.typed_json import build
from provider_adapters.swipegames_style import auth, mapping, wire
from provider_adapters.swipegames_style.config import Config
from provider_adapters.swipegames_style.errors import FAILURES

BASE = "/api/v1"
_OK = 200


class Client:
    """The provider's API."""

    def __init__(self, config: Config, outbound: Outbound) -> None:
        self._config = config
        self._outbound = outbound

    async def launch_url(self, launch: Launch) -> str:
        """`/create-new-game`. It moves no money, and a second game would be another window, so it may be repeated."""
        body = auth.canonical(mapping.launch_body(launch, self._config.client_id))
        headers = {auth.HEADER: auth.sign(self._config.api_key, body), "content-type": "application/json"}
        question = Question(operation="launch", path=f"{BASE}/create-new-game", body=body, headers=headers)
        return await ask(self._outbound, question, read_launch)

    async def games(self) -> tuple[Game, ...]:
        """`/games`."""
        return await ask(self._outbound, self._games(), read_games)

    async def ping(self, timeout_s: float) -> None:
        """The list again: the provider documents no smaller call."""
        await ask(self._outbound, self._games(), raise_refusal, probe_timeout_s=timeout_s)

    async def grant(self, rounds: FreeRounds) -> str:
        """`POST /free-rounds`. Our id goes along, and is what the results carry."""
        fields = mapping.free_rounds_body(rounds, self._config.client_id)
        await ask(self._outbound, self._free_rounds("POST", fields), raise_refusal, once=True)
        return rounds.grant_id

    async def cancel_grant(self, given: GivenRounds) -> None:
        """`DELETE /free-rounds`. Players who have begun keep theirs."""
        fields = {"cID": self._config.client_id, "extCID": given.player.licensee, "extID": given.reference}
        await ask(self._outbound, self._free_rounds("DELETE", fields), raise_refusal)

    def _free_rounds(self, method: str, fields: Mapping[str, Any]) -> Question:
        body = auth.canonical(fields)
        headers = {auth.HEADER: auth.sign(self._config.api_key, body), "content-type": "application/json"}
        path = f"{BASE}/free-rounds"
        return Question(operation="free-rounds", method=method, path=path, body=body, headers=headers)

    def _games(self) -> Question:
        fields: Mapping[str, Any] = {"cID": self._config.client_id}
        headers = {auth.HEADER: auth.sign(self._config.api_key, auth.canonical(fields))}
        return Question(operation="games", method="GET", path=f"{BASE}/games", query=urlencode(fields), headers=headers)


def read_launch(reply: HttpReply) -> str:
    """The address, if it is one that a browser may be sent to."""
    raise_refusal(reply)
    return browser_address(parse_object(reply.body)["gameURL"])


def read_games(reply: HttpReply) -> tuple[Game, ...]:
    """The catalog."""
    raise_refusal(reply)
    return mapping.catalog([build(wire.GameRow, row) for row in parse_list(reply.body)])


def raise_refusal(reply: HttpReply) -> None:
    """The provider's own errors: a code, or nothing but the HTTP status."""
    if reply.status != _OK:
        raise_for(parse_object(reply.body).get("code") or f"http_{reply.status}", FAILURES)
