"""The studio's side of the same dialect: what this provider sends, and what it does after each answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Game
from provider_adapters._kit.studio.grants import StudioGrant, on_ladder
from provider_adapters._kit.studio.habits import habits
from provider_adapters._kit.studio.ports import Act, ActKind, Answer, Desk, Habits, Reaction, Seat, StudioParts
from provider_adapters.pragmatic_style import auth, wire
from provider_adapters.pragmatic_style.amounts import to_signed_wire, to_wire
from provider_adapters.pragmatic_style.client import BASE, FREE_ROUNDS_BASE
from provider_adapters.pragmatic_style.config import Config
from provider_adapters.pragmatic_style.errors import DESCRIPTIONS, Code

_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
_OK_STATUS: Final = 200

HABITS: Final = habits(
    __file__,
    closes_by_flag=False,
    wins_name_the_bet=False,
    cancel_shares_key=True,
    refunds_may_lack_round=True,
)

GAMES: Final = (
    Game(game_id="vs20demo", title="Demo Twenty", category="slot"),
    Game(game_id="vs5ember", title="Ember Five", category="slot"),
    Game(game_id="vs243tide", title="Tide Ways", category="slot"),
    Game(game_id="bjdemo", title="Demo Blackjack", category="table"),
    Game(game_id="lgdemo", title="Demo Live Roulette", category="live"),
)

_CALLS: Final[Mapping[ActKind, str]] = {
    ActKind.ENTER: "authenticate",
    ActKind.BALANCE: "balance",
    ActKind.BET: "bet",
    ActKind.WIN: "result",
    ActKind.CANCEL: "refund",
    ActKind.CLOSE: "endRound",
    ActKind.JACKPOT: "jackpotWin",
    ActKind.FREE_BET: "bet",
    ActKind.FREE_SPIN: "result",
    ActKind.FREE_TOTAL: "bonusWin",
    ActKind.PROMO: "promoWin",
    ActKind.TOURNAMENT: "promoWin",
    ActKind.ADJUST: "adjustment",
    ActKind.LEAVE: "sessionExpired",
}

_CAMPAIGNS: Final = {ActKind.PROMO: "B", ActKind.TOURNAMENT: "T"}

_BETS: Final = frozenset({ActKind.BET, ActKind.FREE_BET})

BET_REACTIONS: Final[Mapping[Code, Reaction]] = {
    **dict.fromkeys(Code, Reaction.REFUSED),
    Code.OK: Reaction.ACCEPTED,
    Code.TRY_AGAIN: Reaction.CANCEL,
}
"""After the answer to a bet: 100 means that it may have been taken, so it is refunded."""

CREDIT_REACTIONS: Final[Mapping[Code, Reaction]] = {
    **dict.fromkeys(Code, Reaction.DISPUTE),
    Code.OK: Reaction.ACCEPTED,
    Code.TRY_AGAIN: Reaction.RETRY,
}
"""After the answer to a result, a refund or the end of a round: all but 100 is final, and people must look."""


class PragmaticStyleStudio:
    """`studio.ports.Studio` for this provider."""

    habits: Habits = HABITS
    games: Sequence[Game] = GAMES

    def __init__(self, config: Config) -> None:
        self._config = config
        self._api: Mapping[str, Callable[[Mapping[str, str], Desk], Awaitable[dict[str, Any]]]] = {
            "/getCasinoGames": self._list_games,
            "/game/url": self._game_url,
        }

    def write(self, act: Act) -> HttpRequest:
        """See `studio.ports.Studio`."""
        fields = {"providerId": self._config.provider_id, **_fields(act)}
        body = auth.signed_form(fields, self._config.secret, self._config.hash_spelling)
        return HttpRequest(method="POST", path="/" + _CALLS[act.kind], headers=_FORM, body=body)

    def read(self, act: Act, reply: HttpReply) -> Answer:
        """See `studio.ports.Studio`."""
        if reply.status != _OK_STATUS:
            return Answer(reaction=self.unanswered(act), code=f"http_{reply.status}")
        try:
            content = wire.parse_object(reply.body)
            code, balance = Code(_number(content["error"])), _cash(content)
        except (wire.NotParseableError, KeyError, TypeError, ValueError):
            return Answer(reaction=self.unanswered(act), code="unreadable")
        return Answer(reaction=_reaction(act, code), code=str(int(code)), balance=balance)

    def unanswered(self, act: Act) -> Reaction:
        """See `studio.ports.Studio`."""
        if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
            return Reaction.REFUSED
        return Reaction.CANCEL if act.kind in _BETS else Reaction.RETRY

    def spoil(self, request: HttpRequest) -> HttpRequest:
        """See `studio.ports.Studio`."""
        body = request.body
        wrong = b"0" if body[-1:] != b"0" else b"1"
        return HttpRequest(method=request.method, path=request.path, headers=request.headers, body=body[:-1] + wrong)

    def signature_refused(self, reply: HttpReply) -> bool:
        """See `studio.ports.Studio`."""
        try:
            return bool(wire.parse_object(reply.body).get("error") == Code.HASH_INVALID)
        except wire.NotParseableError:
            return False

    async def api(self, request: HttpRequest, desk: Desk) -> HttpReply:
        """See `studio.ports.Studio`."""
        if request.path.startswith(FREE_ROUNDS_BASE):
            return self._free_rounds(request, desk)
        serve = self._api.get(request.path.removeprefix(BASE).rstrip("/"))
        if serve is None or not request.path.startswith(BASE) or request.method != "POST":
            return HttpReply(status=404, body=b"{}", code="unknown")
        try:
            form = wire.parse_form(request.body)
        except wire.NotParseableError:
            return _told(Code.BAD_PARAMETERS)
        if not self._is_ours(form):
            return _told(Code.HASH_INVALID)
        return HttpReply(body=orjson.dumps(await serve(form.fields, desk)), code="0")

    def _free_rounds(self, request: HttpRequest, desk: Desk) -> HttpReply:
        """Only the query is hashed."""
        try:
            form = wire.parse_form(request.query)
            content = wire.parse_object(request.body) if request.body else {}
        except wire.NotParseableError:
            return _told(Code.BAD_PARAMETERS)
        if not self._is_ours(form):
            return _told(Code.HASH_INVALID)
        match request.path.removeprefix(FREE_ROUNDS_BASE).strip("/"):
            case "bonus/player/create":
                return _told(self._give(form.fields, content, desk))
            case "bonus/cancel":
                done = desk.grants.cancel(form.fields.get("bonusCode", ""))
                return _told(Code.OK if done else Code.BAD_PARAMETERS)
        return HttpReply(status=404, body=b"{}", code="unknown")

    def _is_ours(self, form: wire.Form) -> bool:
        known = auth.verify(form.pairs, form.fields, self._config.secrets)
        return known is not None and form.fields.get("secureLogin") == self._config.secure_login

    def _give(self, fields: Mapping[str, str], content: Mapping[str, Any], desk: Desk) -> Code:
        needed = ("bonusCode", "playerId", "currency", "rounds", "startDate", "expirationDate")
        games = {row["gameId"]: Decimal(row["betValues"][0]["totalBet"]) for row in content.get("gameList", [])}
        if not all(fields.get(name) for name in needed) or not games or not fields["rounds"].isdigit():
            return Code.BAD_PARAMETERS
        if not games.keys() <= {game.game_id for game in self.games}:
            return Code.GAME_NOT_AVAILABLE
        if not all(map(on_ladder, games.values())):
            return Code.BAD_PARAMETERS
        given = desk.grants.give(
            StudioGrant(
                reference=fields["bonusCode"],
                grant_id=fields["bonusCode"],
                user=fields["playerId"],
                game_ids=tuple(games),
                rounds=int(fields["rounds"]),
                bet=max(games.values()),
                currency_code=fields["currency"],
                expires=fields["expirationDate"],
            )
        )
        return Code.REFUSED if given is None else Code.OK

    async def _list_games(self, fields: Mapping[str, str], desk: Desk) -> dict[str, Any]:  # noqa: ARG002 - one shape
        return {**_words(Code.OK), "gameList": [_row(game) for game in self.games]}

    async def _game_url(self, fields: Mapping[str, str], desk: Desk) -> dict[str, Any]:
        needed = ("symbol", "token", "externalPlayerId", "currency")
        if not all(fields.get(name) for name in needed):
            return _words(Code.BAD_PARAMETERS)
        if fields["symbol"] not in {game.game_id for game in self.games}:
            return _words(Code.GAME_NOT_AVAILABLE)
        if fields.get("playMode") == "DEMO":
            address = desk.demo(user=fields["externalPlayerId"], token=fields["token"], game_id=fields["symbol"])
            return {**_words(Code.OK), "gameURL": address}
        seat = Seat(
            launch_id=desk.new_launch_id(),
            user=fields["externalPlayerId"],
            token=fields["token"],
            currency_code=fields["currency"],
            game_id=fields["symbol"],
            language=fields.get("language", ""),
        )
        return {**_words(Code.OK), "gameURL": desk.seat(seat)}


def create(parts: StudioParts) -> PragmaticStyleStudio:
    """Called by the kit, once."""
    return PragmaticStyleStudio(Config.from_credentials(parts.credentials))


def _fields(act: Act) -> dict[str, str]:
    if act.kind is ActKind.ENTER:
        return {"token": act.seat.token, "gameId": act.seat.game_id}
    if act.kind in {ActKind.BALANCE, ActKind.LEAVE}:
        return {"userId": act.seat.user, "token": act.seat.token}
    if act.kind is ActKind.CANCEL:
        about = {**_round(act), **_moment(act)} if act.round_id else {}
        return {"userId": act.seat.user, "reference": act.bet_key, **about}
    if act.kind is ActKind.CLOSE:
        return {"userId": act.seat.user, **_round(act)}
    return _money(act)


def _money(act: Act) -> dict[str, str]:
    if act.kind is ActKind.ADJUST:
        signed = to_signed_wire(act.amount or Decimal(0))
        about = {**_round(act), "amount": signed, "reference": act.transaction_key, "validBetAmount": "0.00"}
        return {"userId": act.seat.user, **about, **_moment(act)}
    amount = to_wire(act.amount if act.amount is not None else Decimal(0))
    if act.kind in {*_CAMPAIGNS, ActKind.FREE_TOTAL}:
        about = {"bonusCode": act.grant_id} if act.grant_id else _campaign(act)
        return {"userId": act.seat.user, "amount": amount, "reference": act.transaction_key, **about, **_moment(act)}
    jackpot = {"jackpotId": "5"} if act.kind is ActKind.JACKPOT else {}
    money = {"amount": amount, "reference": act.transaction_key, "roundDetails": "spin", **jackpot}
    if act.grant_id:
        money["bonusCode"] = act.grant_id
    if act.jackpot is not None:
        money["jackpotContribution"] = format(act.jackpot, "f")
    # Bets and results name the player; the token was only good for the way in.
    return {"userId": act.seat.user, **_round(act), **money, **_moment(act)}


def _campaign(act: Act) -> dict[str, str]:
    return {"campaignId": "77", "campaignType": _CAMPAIGNS[act.kind], "currency": act.seat.currency_code}


def _round(act: Act) -> dict[str, str]:
    return {"gameId": act.game_id or act.seat.game_id, "roundId": act.round_id}


def _moment(act: Act) -> dict[str, str]:
    return {"timestamp": str(act.sent_at_ms)}


def _reaction(act: Act, code: Code) -> Reaction:
    if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
        return Reaction.ACCEPTED if code is Code.OK else Reaction.REFUSED
    return (BET_REACTIONS if act.kind in _BETS else CREDIT_REACTIONS)[code]


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError("error must be a number")
    return value


def _cash(content: Mapping[str, Any]) -> Decimal | None:
    cash = content.get("cash")
    if cash is None:
        return None
    if isinstance(cash, bool) or not isinstance(cash, int | Decimal):
        raise TypeError("cash must be a number")
    return Decimal(cash)


def _words(code: Code) -> dict[str, Any]:
    """Here `error` is a text: the provider's API writes it so."""
    return {"error": str(int(code)), "description": DESCRIPTIONS[code]}


def _told(code: Code) -> HttpReply:
    return HttpReply(body=orjson.dumps(_words(code)), code=str(int(code)))


def _row(game: Game) -> dict[str, Any]:
    kind = next(prefix for prefix in ("vs", "bj", "lg") if game.game_id.startswith(prefix))
    flags = {"frbAvailable": kind == "vs", "fcAvailable": False, "demoGameAvailable": False}
    return {"gameID": game.game_id, "gameName": game.title, "gameTypeID": kind, "platform": "WEB,MOBILE", **flags}
