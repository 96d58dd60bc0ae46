"""The studio's side of the same dialect: what this provider sends, and what it does after each answer."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Game
from provider_adapters._kit.rsa_signatures import Keys
from provider_adapters._kit.strict_json import NotParseableError, parse_object
from provider_adapters._kit.studio.dialect import Reactions, StudioDialect, has_texts, json_reply
from provider_adapters._kit.studio.grants import StudioGrant, on_ladder
from provider_adapters._kit.studio.habits import habits
from provider_adapters._kit.studio.ports import Act, ActKind, Desk, Habits, Reaction, Seat, StudioParts
from provider_adapters.caleta_style import auth
from provider_adapters.caleta_style.amounts import from_units, to_units
from provider_adapters.caleta_style.client import BASE
from provider_adapters.caleta_style.config import studio_keys
from provider_adapters.caleta_style.errors import Code
from provider_adapters.caleta_style.mapping import PLAY_MONEY

HABITS: Final = habits(__file__, closes_by_flag=True, wins_name_the_bet=True)

GAMES: Final = (
    Game(game_id="ct_bananas", title="Demo Bananas", category="slot"),
    Game(game_id="ct_volcano", title="Demo Volcano", category="slot"),
    Game(game_id="ct_bingo_star", title="Bingo Star Demo", category="table"),
    Game(game_id="ct_live_wheel", title="Live Wheel Demo", category="live"),
)
_CATEGORY_WORDS: Final = {"slot": "Slots", "table": "Video Bingo", "live": "Live"}

_CALLS: Final[Mapping[ActKind, str]] = {
    ActKind.ENTER: "/wallet/check",
    ActKind.BALANCE: "/wallet/balance",
    ActKind.BET: "/wallet/bet",
    ActKind.WIN: "/wallet/win",
    ActKind.CANCEL: "/wallet/rollback",
    ActKind.FREE_BET: "/wallet/bet",
    ActKind.FREE_SPIN: "/wallet/win",
}

_UNTIL_DONE: Final = {
    **dict.fromkeys(Code, Reaction.DISPUTE),
    Code.OK: Reaction.ACCEPTED,
    Code.UNKNOWN: Reaction.RETRY,
    Code.TIMEOUT: Reaction.RETRY,
}

REACTIONS: Final = Reactions(
    success=frozenset({Code.OK}),
    # Known errors: the bet is discarded. Unknown ones: it is sent again, three times in all, and then rolled back.
    bets={
        **dict.fromkeys(Code, Reaction.REFUSED),
        Code.OK: Reaction.ACCEPTED,
        Code.UNKNOWN: Reaction.RETRY,
        Code.TIMEOUT: Reaction.RETRY,
    },
    credits=_UNTIL_DONE,
    cancels=_UNTIL_DONE,
)

_PREPAIDS: Final = uuid.UUID("c1f4b1a5-51b0-4f0e-9c55-2f7f0f6fd0a3")
_PREPAID_CURRENCIES: Final = ("EUR", "GBP", "USD", "SEK")
_REQUESTS: Final = uuid.UUID("8d0f6c3e-35a1-4d43-9a2e-9f5f52a7b0c4")


class CaletaStyleStudio(StudioDialect):
    """`studio.ports.Studio` for this provider."""

    habits: Habits = HABITS
    games: Sequence[Game] = GAMES
    reactions = REACTIONS

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def write(self, act: Act) -> HttpRequest:
        """See `studio.ports.Studio`."""
        body = json.dumps(_fields(act), separators=(",", ":")).encode()
        headers = {"content-type": "application/json", auth.HEADER: auth.sign(self._keys.own, body)}
        return HttpRequest(method="POST", path=_CALLS[act.kind], headers=headers, body=body)

    def understand(self, act: Act, reply: HttpReply) -> tuple[Code, Decimal | None]:
        """See `StudioDialect`."""
        content = parse_object(reply.body)
        balance = content.get("balance")
        if act.kind is ActKind.ENTER:
            return Code(content["status"]), None
        return Code(content["status"]), None if balance is None else from_units(int(balance))

    def new_token(self, reply: HttpReply) -> str:
        """See `StudioDialect`."""
        return str(parse_object(reply.body)["token"])

    def spoil(self, request: HttpRequest) -> HttpRequest:
        """See `studio.ports.Studio`. One space more: the same JSON, other bytes."""
        return replace(request, body=request.body.replace(b",", b", ", 1))

    def signature_refused(self, reply: HttpReply) -> bool:
        """See `studio.ports.Studio`."""
        return b'"RS_ERROR_INVALID_SIGNATURE"' in reply.body

    async def api(self, request: HttpRequest, desk: Desk) -> HttpReply:
        """See `studio.ports.Studio`."""
        if not auth.verify(self._keys.others, request.body, request.headers.get(auth.HEADER.lower(), "")):
            return _error(Code.INVALID_SIGNATURE, 403)
        try:
            fields = parse_object(request.body)
        except NotParseableError:
            return _error(Code.WRONG_SYNTAX)
        match request.path.removeprefix(BASE):
            case "game/list":
                return json_reply([_row(game) for game in self.games])
            case "game/url":
                return self._launch(fields, desk)
            case "game/round":
                address = desk.replays.address(str(fields.get("user", "")), str(fields.get("round", "")))
                return json_reply({"url": address}) if address else _error(Code.TRANSACTION_DOES_NOT_EXIST, 404)
        return _free_bets(request.path.removeprefix(BASE), fields, desk)

    def _launch(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:
        is_demo = fields.get("currency") == PLAY_MONEY
        whose = () if is_demo else ("user", "token")
        if not has_texts(fields, "operator_id", *whose, "game_code", "currency", "lang"):
            return _error(Code.WRONG_TYPES)
        if fields["game_code"] not in {game.game_id for game in self.games}:
            return _error(Code.INVALID_GAME)
        if is_demo:
            return json_reply({"url": desk.demo(user="", token="", game_id=fields["game_code"])})
        seat = Seat(
            launch_id=desk.new_launch_id(),
            user=fields["user"],
            token=fields["token"],
            currency_code=fields["currency"],
            game_id=fields["game_code"],
            country=str(fields.get("country", "")),
            language=fields["lang"],
        )
        return json_reply({"url": desk.seat(seat)})


def create(parts: StudioParts) -> CaletaStyleStudio:
    """Called by the kit, once."""
    return CaletaStyleStudio(studio_keys(parts.credentials))


def _fields(act: Act) -> dict[str, Any]:
    seat = act.seat
    # Made from the message's own id, so that a repetition is byte for byte the same.
    request_uuid = str(uuid.uuid5(_REQUESTS, f"{act.kind}/{act.transaction_key or seat.launch_id}"))
    common = {"token": seat.token, "request_uuid": request_uuid}
    if act.kind is ActKind.ENTER:
        return common
    common = {**common, "supplier_user": f"c_{seat.launch_id[:12]}", "user": seat.user}
    if act.kind is ActKind.BALANCE:
        return common
    fields = {
        **common,
        "transaction_uuid": act.transaction_key,
        "game_code": act.game_id or seat.game_id,
        "round": act.round_id,
        "round_closed": act.closes,
    }
    if act.bet_key:
        fields["reference_transaction_uuid"] = act.bet_key
    if act.kind is ActKind.CANCEL:
        return fields
    free = {"is_free": True, "reward_uuid": act.grant_id} if act.grant_id else {"is_free": False}
    if act.kind is ActKind.FREE_SPIN:
        # A win names its bet. That of a free spin is known under the spin's round.
        fields["reference_transaction_uuid"] = act.bet_key or act.round_id
    jackpot = {} if act.jackpot is None else {"jackpot_win": to_units(act.jackpot)}
    return {**fields, "amount": to_units(act.amount or Decimal(0)), "currency": seat.currency_code, **free, **jackpot}


def _free_bets(operation: str, fields: Mapping[str, Any], desk: Desk) -> HttpReply:
    match operation:
        case "freebet/prepaids/list":
            return json_reply([_prepaid(*one) for one in _templates() if one[0] == fields.get("game_code")])
        case "freebet/rewards/create":
            return _reward(fields, desk)
        case "freebet/rewards/cancel":
            return _cancel_reward(fields, desk)
    return _error(Code.WRONG_SYNTAX, 404)


def _templates() -> set[tuple[str, str]]:
    """Games and currencies in which free bets can be given."""
    slots = [game.game_id for game in GAMES if game.category == "slot"]
    return {(game_id, currency_code) for game_id in slots for currency_code in _PREPAID_CURRENCIES}


def _prepaid_uuid(game_id: object, currency_code: object) -> str:
    return str(uuid.uuid5(_PREPAIDS, f"{game_id}/{currency_code}"))


def _prepaid(game_id: str, currency_code: str) -> dict[str, Any]:
    named = {"prepaid_uuid": _prepaid_uuid(game_id, currency_code), "game_code": game_id, "currency": currency_code}
    return {**named, "bet_count": None, "bet_value": None}


def _reward(fields: Mapping[str, Any], desk: Desk) -> HttpReply:
    template = (fields.get("game_code"), fields.get("currency"))
    if template not in _templates() or fields.get("prepaid_uuid") != _prepaid_uuid(*template):
        return _error(Code.INVALID_GAME)
    counts = all(type(fields.get(name)) is int and fields[name] > 0 for name in ("bet_count", "bet_value"))
    if not counts or not has_texts(fields, "user", "end_time", "operator_reference"):
        return _error(Code.WRONG_TYPES)
    if not on_ladder(from_units(fields["bet_value"])):
        return _error(Code.WRONG_TYPES)
    given = desk.grants.give(
        StudioGrant(
            reference=str(uuid.uuid4()),
            grant_id=fields["operator_reference"],
            user=fields["user"],
            game_ids=(fields["game_code"],),
            rounds=fields["bet_count"],
            bet=from_units(fields["bet_value"]),
            currency_code=fields["currency"],
            expires=fields["end_time"],
        )
    )
    if given is None:
        return _error(Code.DUPLICATE_TRANSACTION)
    return json_reply({"reward_uuid": given.reference, "user": given.user})


def _cancel_reward(fields: Mapping[str, Any], desk: Desk) -> HttpReply:
    if not desk.grants.cancel(str(fields.get("reward_uuid", ""))):
        return _error(Code.TRANSACTION_DOES_NOT_EXIST)
    return json_reply({"reward_uuid": fields["reward_uuid"]})


def _row(game: Game) -> dict[str, Any]:
    words = _CATEGORY_WORDS[game.category]
    return {"game_code": game.game_id, "name": game.title, "category": words, "enabled": game.enabled}


def _error(code: Code, status: int = 400) -> HttpReply:
    return json_reply({"error": code}, status)
