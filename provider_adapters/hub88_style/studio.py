"""The studio's side of the same dialect: what this provider sends, and what it does after each answer."""

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Game, MarketFacts
from provider_adapters._kit.strict_json import NotParseableError, parse_object
from provider_adapters._kit.studio.dialect import has_texts
from provider_adapters._kit.studio.grants import StudioGrant, on_ladder
from provider_adapters._kit.studio.habits import habits
from provider_adapters._kit.studio.ports import (
    Act,
    ActKind,
    Answer,
    Desk,
    Habits,
    Reaction,
    Seat,
    StudioParts,
)
from provider_adapters.hub88_style import auth
from provider_adapters.hub88_style.amounts import from_units, to_units
from provider_adapters.hub88_style.client import BASE
from provider_adapters.hub88_style.config import Keys, studio_keys
from provider_adapters.hub88_style.errors import Status
from provider_adapters.hub88_style.mapping import PLAY_MONEY

HABITS: Final = habits(
    __file__,
    closes_by_flag=True,
    wins_name_the_bet=True,
)

GAMES: Final = (
    Game(
        game_id="demo_fruit_5",
        title="Demo Fruit Five",
        category="slot",
        return_ppm=965_000,
        languages=("de", "en", "pt-BR"),
        markets=(
            MarketFacts(market="DE", certificate_id="demo-house-5-de", return_ppm=880_000),
            MarketFacts(market="US-NJ", certificate_id="demo-house-5-nj"),
        ),
    ),
    Game(game_id="demo_pyramid", title="Pyramid of Demos", category="slot"),
    Game(game_id="demo_comet_jackpot", title="Comet Jackpot", category="slot"),
    Game(game_id="demo_blackjack", title="Demo Blackjack", category="table"),
    Game(game_id="demo_live_roulette", title="Demo Live Roulette", category="live"),
    Game(game_id="demo_live_wheel", title="Demo Live Wheel", category="live", refused_countries=("FR", "US")),
)
_CATEGORY_WORDS: Final = {"slot": "Video Slots", "table": "Table Games", "live": "Live Games"}

_CALLS: Final[Mapping[ActKind, str]] = {
    ActKind.ENTER: "/user/info",
    ActKind.BALANCE: "/user/balance",
    ActKind.BET: "/transaction/bet",
    ActKind.WIN: "/transaction/win",
    ActKind.CANCEL: "/transaction/rollback",
    ActKind.PROMO: "/transaction/win",
    ActKind.FREE_BET: "/transaction/bet",
    ActKind.FREE_SPIN: "/transaction/win",
}

_BETS: Final = frozenset({ActKind.BET, ActKind.FREE_BET})

BET_REACTIONS: Final[Mapping[Status, Reaction]] = {
    **dict.fromkeys(Status, Reaction.CANCEL),
    Status.OK: Reaction.ACCEPTED,
    Status.NOT_ENOUGH_MONEY: Reaction.REFUSED,
    Status.LIMIT_REACHED: Reaction.REFUSED,
}
"""After the answer to a bet: anything but money and limit is followed by a rollback."""

CREDIT_REACTIONS: Final[Mapping[Status, Reaction]] = {
    **dict.fromkeys(Status, Reaction.DISPUTE),
    Status.OK: Reaction.ACCEPTED,
    Status.UNKNOWN: Reaction.RETRY,
    Status.TIMEOUT: Reaction.RETRY,
}
"""After the answer to a win or a rollback: repeated until done, except on the hard statuses."""

_PREPAIDS: Final = uuid.UUID("f3c0a7d4-9d6e-4d0c-8f4a-6a1b8f0e2c55")
_PREPAID_CURRENCIES: Final = ("EUR", "GBP", "USD", "SEK")
_REQUESTS: Final = uuid.UUID("5b0f8e0c-6c39-4a3e-9f6e-7d3f1f0f9a11")
_OK_STATUS: Final = 200


class Hub88StyleStudio:
    """`studio.ports.Studio` for this provider."""

    habits: Habits = HABITS
    games: Sequence[Game] = GAMES

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._api: Mapping[str, Callable[[Mapping[str, Any], Desk], Awaitable[HttpReply]]] = {
            "game/list": self._game_list,
            "game/url": self._game_url,
            "game/round": self._game_round,
            "product/list": self._product_list,
            "freebet/prepaids/list": self._prepaids,
            "freebet/rewards/create": self._reward,
            "freebet/rewards/cancel": self._cancel_reward,
        }

    def write(self, act: Act) -> HttpRequest:
        """See `studio.ports.Studio`."""
        body = json.dumps(_fields(act), ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"content-type": "application/json", auth.HEADER: auth.sign(self._keys.own, body)}
        return HttpRequest(method="POST", path=_CALLS[act.kind], headers=headers, body=body)

    def read(self, act: Act, reply: HttpReply) -> Answer:
        """See `studio.ports.Studio`."""
        if reply.status != _OK_STATUS:
            return Answer(reaction=self.unanswered(act), code=f"http_{reply.status}")
        try:
            content = parse_object(reply.body)
            status, balance = Status(content["status"]), _balance(content)
        except (NotParseableError, KeyError, TypeError, ValueError):
            return Answer(reaction=self.unanswered(act), code="unreadable")
        return Answer(reaction=_reaction(act, status), code=str(status), balance=balance)

    def unanswered(self, act: Act) -> Reaction:
        """See `studio.ports.Studio`."""
        if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
            return Reaction.REFUSED
        return Reaction.CANCEL if act.kind in _BETS else Reaction.RETRY

    def spoil(self, request: HttpRequest) -> HttpRequest:
        """See `studio.ports.Studio`. One space more: the same JSON, other bytes."""
        return replace(request, body=request.body.replace(b",", b", ", 1))

    def signature_refused(self, reply: HttpReply) -> bool:
        """See `studio.ports.Studio`."""
        try:
            return bool(parse_object(reply.body).get("status") == Status.INVALID_SIGNATURE)
        except NotParseableError:
            return False

    async def api(self, request: HttpRequest, desk: Desk) -> HttpReply:
        """See `studio.ports.Studio`."""
        serve = self._api.get(request.path.removeprefix(BASE))
        if serve is None or not request.path.startswith(BASE) or request.method != "POST":
            return _error(404, Status.WRONG_SYNTAX)
        if not auth.verify(self._keys.others, request.body, request.headers.get(auth.HEADER.lower(), "")):
            return _error(403, Status.INVALID_SIGNATURE)
        try:
            fields = parse_object(request.body)
        except NotParseableError:
            return _error(400, Status.WRONG_SYNTAX)
        if fields.get("operator_id") != self._keys.operator_id:
            return _error(403, Status.INVALID_PARTNER)
        return await serve(fields, desk)

    async def _product_list(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:  # noqa: ARG002 - one shape
        return _json([{"product": "Demo Studio", "enabled": True}])

    async def _game_list(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:  # noqa: ARG002 - one shape
        return _json([_row(game) for game in self.games])

    async def _game_url(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:
        is_demo = fields.get("currency") == PLAY_MONEY
        needed = (*(() if is_demo else ("user", "token")), "game_code", "currency", "lang", "platform")
        if not all(isinstance(fields.get(name), str) and fields[name] for name in needed):
            return _error(400, Status.WRONG_TYPES)
        if fields["game_code"] not in {game.game_id for game in self.games}:
            return _error(400, Status.INVALID_GAME)
        if fields["platform"] not in {"GPL_DESKTOP", "GPL_MOBILE"}:
            return _error(400, Status.WRONG_TYPES)
        if is_demo:
            return _json({"url": desk.demo(user="", token="", game_id=fields["game_code"])})
        seat = Seat(
            launch_id=desk.new_launch_id(),
            user=fields["user"],
            token=fields["token"],
            currency_code=fields["currency"],
            game_id=fields["game_code"],
            country=str(fields.get("country", "")),
            language=fields["lang"],
        )
        return _json({"url": desk.seat(seat)})

    async def _game_round(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:
        address = desk.replays.address(str(fields.get("user", "")), str(fields.get("round", "")))
        return _json({"url": address}) if address else _error(404, Status.TRANSACTION_DOES_NOT_EXIST)

    async def _prepaids(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:  # noqa: ARG002 - one shape
        wanted = [one for one in _templates() if one[0] == fields.get("game_code")]
        return _json([_prepaid(*one, bonus_buy=bonus_buy) for one in wanted for bonus_buy in (False, True)])

    async def _reward(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:
        template = (fields.get("game_code"), fields.get("currency"))
        kinds = {_prepaid_uuid(*template, bonus_buy=bonus_buy): bonus_buy for bonus_buy in (False, True)}
        bonus_buy = kinds.get(str(fields.get("prepaid_uuid")))
        if template not in _templates() or bonus_buy is None:
            return _error(400, Status.INVALID_GAME)
        counts = all(type(fields.get(name)) is int and fields[name] > 0 for name in ("bet_count", "bet_value"))
        if not counts or not has_texts(fields, "user", "end_time", "operator_reference"):
            return _error(400, Status.WRONG_TYPES)
        if not on_ladder(from_units(fields["bet_value"])):
            return _error(400, Status.WRONG_TYPES)
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
                bonus_buy=bonus_buy,
            )
        )
        if given is None:
            return _error(400, Status.DUPLICATE_TRANSACTION)
        return _json({"reward_uuid": given.reference, "user": given.user, "status": "FRS_ACTIVE"})

    async def _cancel_reward(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:
        if not desk.grants.cancel(str(fields.get("reward_uuid", ""))):
            return _error(400, Status.TRANSACTION_DOES_NOT_EXIST)
        return _json({"reward_uuid": fields["reward_uuid"], "status": "FRS_CANCELLED"})


def create(parts: StudioParts) -> Hub88StyleStudio:
    """Called by the kit, once."""
    return Hub88StyleStudio(studio_keys(parts.credentials))


def _fields(act: Act) -> dict[str, Any]:
    seat = act.seat
    # Made from the message's own id, so that a repetition is byte for byte the same.
    request_uuid = str(uuid.uuid5(_REQUESTS, f"{act.kind}/{act.transaction_key or seat.launch_id}"))
    common = {"user": seat.user, "token": seat.token, "request_uuid": request_uuid}
    if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
        return common
    fields = {
        **common,
        "supplier_user": f"sp-{seat.launch_id[:12]}",
        "transaction_uuid": act.transaction_key,
        "game_code": act.game_id or seat.game_id,
        "round": act.round_id,
        "round_closed": act.closes,
    }
    if act.bet_key:
        fields["reference_transaction_uuid"] = act.bet_key
    if act.kind is ActKind.CANCEL:
        return fields
    amount = act.amount if act.amount is not None else Decimal(0)
    money = {**fields, "amount": to_units(amount), "currency": seat.currency_code, "is_free": False}
    if act.grant_id:
        money = {**money, "is_free": True, "reward_uuid": act.grant_id}
    if act.kind is ActKind.PROMO:
        info = {"supplier_promo_info": {"promo_reference": act.transaction_key}}
        return {**money, "is_supplier_promo": True, "meta": info}
    if act.jackpot is not None:
        money = {**money, "jackpot_win": to_units(act.jackpot)}
    return {**money, "bet": "base"}


def _reaction(act: Act, status: Status) -> Reaction:
    if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
        return Reaction.ACCEPTED if status is Status.OK else Reaction.REFUSED
    return (BET_REACTIONS if act.kind in _BETS else CREDIT_REACTIONS)[status]


def _balance(content: Mapping[str, Any]) -> Decimal | None:
    units = content.get("balance")
    if units is None:
        return None
    if type(units) is not int:
        raise TypeError("balance must be a whole number")
    return from_units(units)


def _templates() -> set[tuple[str, str]]:
    """Games and currencies in which free bets can be given."""
    slots = [game.game_id for game in GAMES if game.category == "slot"]
    return {(game_id, currency_code) for game_id in slots for currency_code in _PREPAID_CURRENCIES}


def _prepaid_uuid(game_id: object, currency_code: object, *, bonus_buy: bool) -> str:
    return str(uuid.uuid5(_PREPAIDS, f"{game_id}/{currency_code}{'/bonus' if bonus_buy else ''}"))


def _prepaid(game_id: str, currency_code: str, *, bonus_buy: bool) -> dict[str, Any]:
    name = _prepaid_uuid(game_id, currency_code, bonus_buy=bonus_buy)
    named = {"prepaid_uuid": name, "game_code": game_id, "currency": currency_code}
    return {**named, "bet_count": None, "bet_value": None, "bonus_buy": bonus_buy}


def _row(game: Game) -> dict[str, Any]:
    return {
        "game_code": game.game_id,
        "name": game.title,
        "product": "Demo Studio",
        "category": _CATEGORY_WORDS[game.category],
        "enabled": game.enabled,
        "platforms": ["GPL_DESKTOP", "GPL_MOBILE"],
        "blocked_countries": list(game.refused_countries),
        "rtp": _percent(game.return_ppm),
        "languages": list(game.languages),
        "certifications": [
            {"market": one.market, "certificate": one.certificate_id or None, "rtp": _percent(one.return_ppm)}
            for one in game.markets
        ],
    }


def _percent(return_ppm: int) -> float | None:
    return return_ppm / 10_000 if return_ppm else None


def _error(http_status: int, status: Status) -> HttpReply:
    return _json({"error": str(status)}, http_status)


def _json(content: object, status: int = _OK_STATUS) -> HttpReply:
    return HttpReply(status=status, body=json.dumps(content).encode())
