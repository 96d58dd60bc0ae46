"""The studio's side of the same dialect: what this provider sends, and what it does after each answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import orjson

from provider_adapters._kit import json_rpc
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.json_rpc import RpcError
from provider_adapters._kit.ports import Game
from provider_adapters._kit.strict_json import parse_object
from provider_adapters._kit.studio.dialect import Reactions, StudioDialect, has_texts
from provider_adapters._kit.studio.habits import habits
from provider_adapters._kit.studio.ports import Act, ActKind, Desk, Habits, Reaction, Seat, StudioParts
from provider_adapters.nolimit_style import auth, config
from provider_adapters.nolimit_style.amounts import to_wire
from provider_adapters.nolimit_style.config import Config
from provider_adapters.nolimit_style.errors import Code

HABITS: Final = habits(
    __file__, closes_by_flag=True, wins_name_the_bet=False, cancel_shares_key=True, free_bets_share_ids=True
)
"""No message closes a round; the last deposit is the last one because none follows."""

GAMES: Final = (
    Game(game_id="demo5", title="Demo Five", category="slot"),
    Game(game_id="mine-demo", title="Demo in the Mine", category="slot"),
    Game(game_id="desert-demo", title="Demo in the Desert", category="slot"),
    Game(game_id="dice-demo", title="Demo Dice", category="table"),
)

_METHODS: Final[Mapping[ActKind, str]] = {
    ActKind.ENTER: "wallet.validate-token",
    ActKind.BALANCE: "wallet.balance",
    ActKind.BET: "wallet.withdraw",
    ActKind.WIN: "wallet.deposit",
    ActKind.CANCEL: "wallet.rollback",
    ActKind.FREE_BET: "wallet.withdraw",
    ActKind.FREE_SPIN: "wallet.deposit",
}
_STAKES: Final = frozenset({ActKind.BET, ActKind.FREE_BET})
_RESULTS: Final = frozenset({ActKind.WIN, ActKind.FREE_SPIN})
_PROMOTIONAL: Final = frozenset({ActKind.FREE_BET, ActKind.FREE_SPIN})

_CREDITS: Final = {
    **dict.fromkeys(Code, Reaction.DISPUTE),
    Code.OK: Reaction.ACCEPTED,
    Code.SERVER: Reaction.RETRY,
}

REACTIONS: Final = Reactions(
    success=frozenset({Code.OK}),
    bets={**dict.fromkeys(Code, Reaction.REFUSED), Code.OK: Reaction.ACCEPTED, Code.SERVER: Reaction.CANCEL},
    credits=_CREDITS,
    # A withdraw that is not found needs no rollback.
    cancels={**_CREDITS, Code.NOT_FOUND: Reaction.ACCEPTED},
)


class NolimitStyleStudio(StudioDialect):
    """`studio.ports.Studio` for this provider."""

    habits: Habits = HABITS
    games: Sequence[Game] = GAMES
    reactions = REACTIONS

    def __init__(self, settings: Config) -> None:
        self._config = settings

    def write(self, act: Act) -> HttpRequest:
        """See `studio.ports.Studio`."""
        params = {auth.FIELD: auth.identification(self._config.operator, self._config.keys[0]), **_params(act)}
        method = _METHODS[act.kind]
        call_id = f"{act.kind}-{act.transaction_key or act.seat.launch_id}"
        body = orjson.dumps({"jsonrpc": "2.0", "id": call_id, "method": method, "params": params})
        return HttpRequest(method="POST", path="/", headers={"content-type": "application/json"}, body=body)

    def understand(self, act: Act, reply: HttpReply) -> tuple[Code, Decimal | None]:  # noqa: ARG002 - one shape
        """See `StudioDialect`."""
        content = parse_object(reply.body)
        if "error" in content:
            error = content["error"]
            return Code(error.get("data", error)["code"]), None
        result = content["result"]
        return Code.OK, Decimal(result["balance"]["amount"])

    def write_balances(self, seats: Sequence[Seat]) -> HttpRequest:
        """See `studio.ports.AsksTogether`."""
        identification = auth.identification(self._config.operator, self._config.keys[0])
        params = {auth.FIELD: identification, "userIds": [seat.user for seat in seats]}
        body = orjson.dumps({"jsonrpc": "2.0", "id": "balances", "method": _METHODS[ActKind.BALANCE], "params": params})
        return HttpRequest(method="POST", path="/", headers={"content-type": "application/json"}, body=body)

    def read_balances(self, reply: HttpReply) -> Mapping[str, Decimal]:
        """See `studio.ports.AsksTogether`."""
        found = parse_object(reply.body).get("result", {}).get("balances", {})
        return {user: Decimal(money["amount"]) for user, money in found.items()}

    def spoil(self, request: HttpRequest) -> HttpRequest:
        """See `studio.ports.Studio`. Another key."""
        key = self._config.keys[0].encode()
        return replace(request, body=request.body.replace(key, key[:-1] + (b"A" if key[-1:] != b"A" else b"B")))

    def signature_refused(self, reply: HttpReply) -> bool:
        """See `studio.ports.Studio`."""
        return b'"code":15001' in reply.body

    async def api(self, request: HttpRequest, desk: Desk) -> HttpReply:
        """See `studio.ports.Studio`."""
        try:
            call = json_rpc.parse_call(request.body)
        except RpcError as error:
            return HttpReply(body=json_rpc.error(error.call_id, error.code))
        if not auth.verify(call.params.get(auth.FIELD), self._config.operator, [self._config.api_key]):
            return _refused(call.call_id, Code.IDENTIFICATION)
        match call.method:
            case "ping":
                return HttpReply(body=json_rpc.result(call.call_id, {}))
            case "game.list":
                return HttpReply(body=json_rpc.result(call.call_id, {"games": [_row(game) for game in self.games]}))
            case "game.launch":
                return self._launch(call, desk)
        return HttpReply(body=json_rpc.error(call.call_id, json_rpc.METHOD_NOT_FOUND))

    def _launch(self, call: json_rpc.RpcCall, desk: Desk) -> HttpReply:
        params = call.params
        if not has_texts(params, "userId", "token", "game", "currency", "language"):
            return HttpReply(body=json_rpc.error(call.call_id, json_rpc.INVALID_PARAMS))
        if params["game"] not in {game.game_id for game in self.games}:
            return _refused(call.call_id, Code.NOT_FOUND)
        seat = Seat(
            launch_id=desk.new_launch_id(),
            user=params["userId"],
            token=params["token"],
            currency_code=params["currency"],
            game_id=params["game"],
            language=params["language"],
        )
        return HttpReply(body=json_rpc.result(call.call_id, {"url": desk.seat(seat)}))


def create(parts: StudioParts) -> NolimitStyleStudio:
    """Called by the kit, once."""
    return NolimitStyleStudio(config.read(parts.credentials))


def _params(act: Act) -> dict[str, Any]:
    seat = act.seat
    if act.kind is ActKind.ENTER:
        return {"token": seat.token, "game": seat.game_id}
    common: dict[str, Any] = {"userId": seat.user, "extId1": seat.token}
    if act.kind is ActKind.BALANCE:
        return common
    about = {
        "uniqueReference": act.transaction_key,
        "gameRoundId": act.round_id,
        "game": act.game_id or seat.game_id,
        "time": "2026-01-01T00:00:00Z",
    }
    money = {"amount": to_wire(act.amount or Decimal(0)), "currency": seat.currency_code}
    named: dict[str, Any] = {"withdraw": money} if act.kind in _STAKES else {}
    if act.kind in _RESULTS:
        named["deposit"] = money
    if act.kind in _PROMOTIONAL:
        named["promoName"] = act.grant_id
    return {**common, **named, "information": about}


def _row(game: Game) -> dict[str, Any]:
    return {"id": game.game_id, "name": game.title, "type": game.category, "enabled": game.enabled}


def _refused(call_id: str | int, code: Code) -> HttpReply:
    data = {"code": int(code), "message": code.name}
    return HttpReply(body=json_rpc.error(call_id, json_rpc.SERVER_ERROR, data))
