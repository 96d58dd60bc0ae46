"""The studio's side of the same dialect: what this provider sends, and what it does after each answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Game
from provider_adapters._kit.strict_json import NotParseableError, parse_object
from provider_adapters._kit.studio.habits import habits
from provider_adapters._kit.studio.ports import Act, ActKind, Answer, Desk, Habits, Reaction, Seat, StudioParts
from provider_adapters.acme_slots import auth, config
from provider_adapters.acme_slots.amounts import to_wire
from provider_adapters.acme_slots.client import BASE
from provider_adapters.acme_slots.config import Config
from provider_adapters.acme_slots.errors import Code

HABITS: Final = habits(__file__, closes_by_flag=True, wins_name_the_bet=True)

GAMES: Final = (
    Game(game_id="slot-1", title="First Slot", category="slot"),
    Game(game_id="live-1", title="First Live Table", category="live"),
)

_CALLS: Final[Mapping[ActKind, str]] = {
    ActKind.ENTER: "/balance",
    ActKind.BALANCE: "/balance",
    ActKind.BET: "/bet",
    ActKind.WIN: "/win",
    ActKind.CANCEL: "/cancel",
}

BET_REACTIONS: Final[Mapping[Code, Reaction]] = {
    **dict.fromkeys(Code, Reaction.REFUSED),
    Code.OK: Reaction.ACCEPTED,
    Code.TRY_AGAIN: Reaction.CANCEL,
}

CREDIT_REACTIONS: Final[Mapping[Code, Reaction]] = {
    **dict.fromkeys(Code, Reaction.DISPUTE),
    Code.OK: Reaction.ACCEPTED,
    Code.TRY_AGAIN: Reaction.RETRY,
}


class TheStudio:
    """`studio.ports.Studio` for this provider."""

    habits: Habits = HABITS
    games: Sequence[Game] = GAMES

    def __init__(self, settings: Config) -> None:
        self._config = settings

    def write(self, act: Act) -> HttpRequest:
        """See `studio.ports.Studio`."""
        body = json.dumps(_fields(act)).encode()
        headers = {"content-type": "application/json", auth.HEADER: auth.sign(self._config.secrets[0], body)}
        return HttpRequest(method="POST", path=_CALLS[act.kind], headers=headers, body=body)

    def read(self, act: Act, reply: HttpReply) -> Answer:
        """See `studio.ports.Studio`."""
        try:
            content = parse_object(reply.body)
            code = Code(content["code"])
            balance = Decimal(content["balance"]) if "balance" in content else None
        except (NotParseableError, KeyError, ValueError, TypeError, InvalidOperation):
            return Answer(reaction=self.unanswered(act), code="unreadable")
        return Answer(reaction=_reaction(act, code), code=code, balance=balance)

    def unanswered(self, act: Act) -> Reaction:
        """See `studio.ports.Studio`."""
        if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
            return Reaction.REFUSED
        return Reaction.CANCEL if act.kind is ActKind.BET else Reaction.RETRY

    def spoil(self, request: HttpRequest) -> HttpRequest:
        """See `studio.ports.Studio`."""
        return replace(request, body=request.body + b" ")

    def signature_refused(self, reply: HttpReply) -> bool:
        """See `studio.ports.Studio`."""
        return reply.body == json.dumps({"code": Code.SIGNATURE}).encode()

    async def api(self, request: HttpRequest, desk: Desk) -> HttpReply:
        """See `studio.ports.Studio`."""
        if not auth.verify(self._config.secrets, request.body, request.headers.get(auth.HEADER.lower(), "")):
            return _json({"code": Code.SIGNATURE}, 403)
        fields = parse_object(request.body)
        match request.path.removeprefix(BASE):
            case "ping":
                return _json({"code": Code.OK})
            case "games":
                return _json([_row(game) for game in self.games])
            case "launch":
                return self._launch(fields, desk)
        return _json({"code": Code.NOT_FOUND}, 404)

    def _launch(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:
        if fields.get("game") not in {game.game_id for game in self.games}:
            return _json({"code": Code.GAME}, 400)
        seat = Seat(
            launch_id=desk.new_launch_id(),
            user=fields["player"],
            token=fields["token"],
            currency_code=fields["currency"],
            game_id=fields["game"],
            language=fields["language"],
        )
        return _json({"url": desk.seat(seat)})


def create(parts: StudioParts) -> TheStudio:
    """Called by the kit, once."""
    return TheStudio(config.read(parts.credentials))


def _fields(act: Act) -> dict[str, Any]:
    common = {"player": act.seat.user, "token": act.seat.token}
    if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
        return common
    fields = {**common, "id": act.transaction_key, "round": act.round_id}
    if act.kind is ActKind.CANCEL:
        return {**fields, "bet": act.bet_key}
    money = {"amount": to_wire(act.amount or Decimal(0)), "currency": act.seat.currency_code, "game": act.game_id}
    if act.kind is ActKind.BET:
        return {**fields, **money}
    return {**fields, **money, "bet": act.bet_key, "last": act.closes}


def _reaction(act: Act, code: Code) -> Reaction:
    if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
        return Reaction.ACCEPTED if code is Code.OK else Reaction.REFUSED
    return (BET_REACTIONS if act.kind is ActKind.BET else CREDIT_REACTIONS)[code]


def _row(game: Game) -> dict[str, Any]:
    return {"id": game.game_id, "name": game.title, "category": game.category, "enabled": game.enabled}


def _json(content: object, status: int = 200) -> HttpReply:
    return HttpReply(status=status, body=json.dumps(content).encode())
