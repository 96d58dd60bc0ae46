"""What we ask the provider."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from provider_adapters._kit.errors import FreeRoundsNotOfferedError, ProviderFailedError, ProviderRefusedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import FreeRounds, Game, GivenRounds, Launch, Outbound, PlayedRound, Replay
from provider_adapters._kit.strict_json import NotParseableError, parse_list, parse_object
from provider_adapters._kit.typed_json import FieldInvalidError, build
from provider_adapters.hub88_style import auth, mapping, wire
from provider_adapters.hub88_style.config import Keys
from provider_adapters.hub88_style.errors import FAILURES, Status

T = TypeVar("T")

BASE = "/operator/generic/v2/"
_OK = 200
_LONGEST_CODE = 64


class Client:
    """The provider's operator API."""

    def __init__(self, *, keys: Keys, outbound: Outbound) -> None:
        self._keys = keys
        self._outbound = outbound

    async def launch_url(self, launch: Launch) -> str:
        """`game/url`. It moves no money and makes nothing, so it may be repeated."""
        fields = mapping.launch_body(launch, self._keys.operator_id)
        return await self._post("game/url", fields, read_launch)

    async def games(self) -> tuple[Game, ...]:
        """`game/list`."""
        return await self._post("game/list", {"operator_id": self._keys.operator_id}, read_games)

    async def ping(self, timeout_s: float) -> None:
        """`product/list`, the smallest answer the provider has."""
        fields = {"operator_id": self._keys.operator_id}
        await self._post("product/list", fields, read_anything, probe_timeout_s=timeout_s)

    async def grant(self, rounds: FreeRounds) -> str:
        """`freebet/rewards/create` from the template that fits. Our id goes along as the operator's reference."""
        about = {"operator_id": self._keys.operator_id, "game_code": rounds.game_ids[0]}
        prepaid = mapping.prepaid_for(await self._post("freebet/prepaids/list", about, read_prepaids), rounds)
        if prepaid is None:
            raise FreeRoundsNotOfferedError
        fields = mapping.reward_body(rounds, prepaid, self._keys.operator_id)
        # That a reference is believed once is our inference: whoever asked decides whether to ask again.
        return await self._post("freebet/rewards/create", fields, read_reward, once=True)

    async def cancel_grant(self, given: GivenRounds) -> None:
        """`freebet/rewards/cancel`. Rounds that were played stay played."""
        fields = {"operator_id": self._keys.operator_id, "reward_uuid": given.reference}
        await self._post("freebet/rewards/cancel", fields, read_anything)

    async def replay(self, played: PlayedRound) -> Replay:
        """`game/round`. Which fields it wants beside the round is our inference."""
        fields = {"operator_id": self._keys.operator_id, "user": str(played.player), "round": played.round_id}
        return Replay(url=await self._post("game/round", fields, read_launch))

    async def _post(
        self,
        operation: str,
        fields: Mapping[str, Any],
        read: Callable[[str, HttpReply], T],
        probe_timeout_s: float | None = None,
        *,
        once: bool = False,
    ) -> T:
        body = json.dumps(fields, separators=(",", ":")).encode()
        return await self._outbound.send(
            operation,
            "POST",
            BASE + operation,
            read=lambda reply: read(operation, reply),
            body=body,
            headers={auth.HEADER: auth.sign(self._keys.own, body), "content-type": "application/json"},
            safe=probe_timeout_s is None and not once,
            guarded=probe_timeout_s is None,
            timeout_s=probe_timeout_s,
        )


def read_launch(operation: str, reply: HttpReply) -> str:
    """The address, if it is one that a browser may be sent to."""
    _raise_error(operation, reply)
    try:
        url = build(wire.LaunchReply, parse_object(reply.body)).url
    except (NotParseableError, FieldInvalidError) as error:
        raise ProviderFailedError(operation=operation) from error
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ProviderFailedError(operation=operation)
    return url


def read_games(operation: str, reply: HttpReply) -> tuple[Game, ...]:
    """The catalog."""
    _raise_error(operation, reply)
    try:
        return mapping.catalog([build(wire.CatalogRow, row) for row in parse_list(reply.body)])
    except (NotParseableError, FieldInvalidError) as error:
        raise ProviderFailedError(operation=operation) from error


def read_prepaids(operation: str, reply: HttpReply) -> list[wire.Prepaid]:
    """The templates."""
    _raise_error(operation, reply)
    try:
        return [build(wire.Prepaid, row) for row in parse_list(reply.body)]
    except (NotParseableError, FieldInvalidError) as error:
        raise ProviderFailedError(operation=operation) from error


def read_reward(operation: str, reply: HttpReply) -> str:
    """The provider's name of the reward."""
    _raise_error(operation, reply)
    try:
        return build(wire.Reward, parse_object(reply.body)).reward_uuid
    except (NotParseableError, FieldInvalidError) as error:
        raise ProviderFailedError(operation=operation) from error


def read_anything(operation: str, reply: HttpReply) -> None:
    """Any answer that is not an error."""
    _raise_error(operation, reply)


def _raise_error(operation: str, reply: HttpReply) -> None:
    if reply.status != _OK:
        _raise(operation, reply)


def _raise(operation: str, reply: HttpReply) -> NoReturn:
    try:
        code = parse_object(reply.body).get("error")
    except NotParseableError as error:
        raise ProviderFailedError(operation=operation) from error
    if not isinstance(code, str) or not code.isascii() or not code.isprintable():
        raise ProviderFailedError(operation=operation)
    failure = FAILURES[Status(code)] if code in list(Status) else ProviderRefusedError
    raise failure(operation=operation, code=code[:_LONGEST_CODE])
