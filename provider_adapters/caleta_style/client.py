"""What we ask the provider."""

from collections.abc import Mapping
from typing import Any

import orjson

from provider_adapters._kit.asking import Question, ask, browser_address, raise_for, text_in
from provider_adapters._kit.errors import FreeRoundsNotOfferedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import FreeRounds, Game, GivenRounds, Launch, Outbound, PlayedRound, Replay
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

    async def grant(self, rounds: FreeRounds) -> str:
        """`freebet/rewards/create` from the template that fits. Our id goes along as the operator's reference."""
        about = {**self._operator, "game_code": rounds.game_ids[0]}
        rows = await ask(self._outbound, self._question("freebet/prepaids/list", about), read_prepaids)
        prepaid = mapping.prepaid_for(rows, rounds)
        if prepaid is None:
            raise FreeRoundsNotOfferedError
        fields = mapping.reward_body(rounds, prepaid, self._keys.operator_id)
        # That a reference is believed once is our inference: whoever asked decides whether to ask again.
        return await ask(self._outbound, self._question("freebet/rewards/create", fields), read_reward, once=True)

    async def cancel_grant(self, given: GivenRounds) -> None:
        """`freebet/rewards/cancel`. Rounds that were played stay played."""
        fields = {**self._operator, "reward_uuid": given.reference}
        await ask(self._outbound, self._question("freebet/rewards/cancel", fields), raise_refusal)

    async def replay(self, played: PlayedRound) -> Replay:
        """`game/round`. Which fields it wants beside the round is our inference."""
        fields = {**self._operator, "user": str(played.player), "round": played.round_id}
        return Replay(url=await ask(self._outbound, self._question("game/round", fields), read_launch))

    @property
    def _operator(self) -> dict[str, str]:
        return {"operator_id": self._keys.operator_id}

    def _question(self, operation: str, fields: Mapping[str, Any]) -> Question:
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


def read_prepaids(reply: HttpReply) -> list[wire.Prepaid]:
    """The templates of free bets."""
    raise_refusal(reply)
    return [build(wire.Prepaid, row) for row in parse_list(reply.body)]


def read_reward(reply: HttpReply) -> str:
    """The provider's name of the reward."""
    raise_refusal(reply)
    return text_in(parse_object(reply.body), "reward_uuid")


def raise_refusal(reply: HttpReply) -> None:
    """The provider's own errors."""
    if reply.status != _OK:
        raise_for(parse_object(reply.body)["error"], FAILURES)
