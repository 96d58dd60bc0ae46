"""The studio's side of the same dialect: what this provider sends, and what it does after each answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Game
from provider_adapters._kit.strict_form import decode, parse_pairs
from provider_adapters._kit.strict_json import NotParseableError, parse_object
from provider_adapters._kit.studio.dialect import Reactions, StudioDialect, has_texts, json_reply
from provider_adapters._kit.studio.grants import StudioGrant, on_ladder
from provider_adapters._kit.studio.habits import habits
from provider_adapters._kit.studio.ports import Act, ActKind, Desk, Habits, Reaction, Seat, StudioParts
from provider_adapters.swipegames_style import auth, config
from provider_adapters.swipegames_style.amounts import to_wire
from provider_adapters.swipegames_style.client import BASE
from provider_adapters.swipegames_style.config import Config
from provider_adapters.swipegames_style.errors import HTTP_STATUS, Code
from provider_adapters.swipegames_style.mapping import FREE, REGULAR, session_name, session_parts

HABITS: Final = habits(
    __file__,
    closes_by_flag=True,
    wins_name_the_bet=False,
    refusals_look_alike=True,
    refunds_may_lack_round=True,
)
"""No message closes a round; the last win is the last one because none follows."""

GAMES: Final = (
    Game(game_id="sg_demo_fruit_5", title="Demo Fruit Five", category="slot"),
    Game(game_id="sg_demo_crash", title="Demo Crash", category="slot"),
)

_CALLS: Final[Mapping[ActKind, str]] = {
    ActKind.ENTER: "/balance",
    ActKind.BALANCE: "/balance",
    ActKind.BET: "/bet",
    ActKind.WIN: "/win",
    ActKind.CANCEL: "/refund",
    ActKind.FREE_BET: "/bet",
    ActKind.FREE_SPIN: "/win",
    ActKind.FREE_TOTAL: "/win",
}

_FREE: Final = frozenset({ActKind.FREE_BET, ActKind.FREE_SPIN})

_UNTIL_200: Final = {**dict.fromkeys(Code, Reaction.RETRY), Code.OK: Reaction.ACCEPTED}

REACTIONS: Final = Reactions(
    success=frozenset({Code.OK}),
    # A bet is never repeated. It is refunded after HTTP 500 and after no answer; all else is final.
    bets={
        **dict.fromkeys(Code, Reaction.REFUSED),
        Code.OK: Reaction.ACCEPTED,
        Code.SERVER_ERROR: Reaction.CANCEL,
    },
    credits=_UNTIL_200,
    cancels=_UNTIL_200,
)


class SwipegamesStyleStudio(StudioDialect):
    """`studio.ports.Studio` for this provider."""

    habits: Habits = HABITS
    games: Sequence[Game] = GAMES
    reactions = REACTIONS

    def __init__(self, settings: Config) -> None:
        self._config = settings

    def write(self, act: Act) -> HttpRequest:
        """See `studio.ports.Studio`."""
        fields, path = _fields(act), _CALLS[act.kind]
        body = auth.canonical(fields)
        signed = {auth.HEADER: auth.sign(self._config.integration_keys[0], body)}
        if path == "/balance":
            return HttpRequest(method="GET", path=path, query=urlencode(fields).encode("ascii"), headers=signed)
        return HttpRequest(method="POST", path=path, headers={"content-type": "application/json", **signed}, body=body)

    def understand(self, act: Act, reply: HttpReply) -> tuple[Code, Decimal | None]:
        """See `StudioDialect`. The HTTP status decides; only a good answer must be readable."""
        if reply.status != HTTP_STATUS[Code.OK]:
            return _code(reply), None
        content = parse_object(reply.body)
        if _CALLS[act.kind] != "/balance" and not isinstance(content["txID"], str):
            raise TypeError("txID must be a text")
        return Code.OK, Decimal(content["balance"])

    def spoil(self, request: HttpRequest) -> HttpRequest:
        """See `studio.ports.Studio`. The digest in capital digits, which is another text."""
        capitals = request.headers[auth.HEADER].upper()
        spoilt = capitals if capitals != request.headers[auth.HEADER] else capitals[::-1]
        return replace(request, headers={**request.headers, auth.HEADER: spoilt})

    def signature_refused(self, reply: HttpReply) -> bool:
        """See `studio.ports.Studio`."""
        return reply.status == HTTP_STATUS[Code.UNAUTHORIZED] and b'"code"' not in reply.body

    async def api(self, request: HttpRequest, desk: Desk) -> HttpReply:
        """See `studio.ports.Studio`."""
        try:
            query = decode(parse_pairs(request.query))
            signed = auth.canonical(query) if request.method == "GET" else request.body
            if not auth.verify([self._config.api_key], signed, request.headers.get(auth.HEADER.lower(), "")):
                return _error(Code.UNAUTHORIZED)
            match request.method, request.path.removeprefix(BASE):
                case "GET", "/games":
                    return json_reply([_row(game) for game in self.games])
                case "POST", "/create-new-game":
                    return self._launch(parse_object(request.body), desk)
                case method, "/free-rounds":
                    return self._free_rounds(method, parse_object(request.body), desk)
        except NotParseableError:
            return _error(Code.BAD_REQUEST)
        return _error(Code.NOT_FOUND)

    def _launch(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:
        if not has_texts(fields, "cID", "extCID", "gameID", "currency", "locale", "sessionID"):
            return _error(Code.BAD_REQUEST)
        if fields["gameID"] not in {game.game_id for game in self.games}:
            return _error(Code.GAME_NOT_FOUND)
        token, player = session_parts(fields["sessionID"])
        if fields.get("demo") is True:
            return json_reply({"gameURL": desk.demo(user=player, token=token, game_id=fields["gameID"]), "gsID": ""})
        launch_id = desk.new_launch_id()
        seat = Seat(
            launch_id=launch_id,
            user=player,
            token=token,
            currency_code=fields["currency"],
            game_id=fields["gameID"],
            language=fields["locale"],
        )
        return json_reply({"gameURL": desk.seat(seat), "gsID": launch_id})

    def _free_rounds(self, method: str, fields: Mapping[str, Any], desk: Desk) -> HttpReply:
        if method == "POST":
            return self._give(fields, desk)
        known = method == "DELETE" and desk.grants.cancel(str(fields.get("extID", "")))
        return json_reply({}) if known else _error(Code.NOT_FOUND)

    def _give(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:
        users, games = fields.get("userIDs"), fields.get("gameIDs")
        if not isinstance(users, list) or len(users) != 1 or not isinstance(games, list) or not games:
            return _error(Code.BAD_REQUEST)
        texts = has_texts(fields, "cID", "extCID", "extID", "currency", "betLine", "validUntil")
        if not texts or type(fields.get("quantity")) is not int or fields["quantity"] < 1:
            return _error(Code.BAD_REQUEST)
        if not set(games) <= {game.game_id for game in self.games}:
            return _error(Code.GAME_NOT_FOUND)
        if not on_ladder(Decimal(fields["betLine"])):
            return _error(Code.BAD_REQUEST)
        given = desk.grants.give(
            StudioGrant(
                reference=fields["extID"],
                grant_id=fields["extID"],
                user=users[0],
                game_ids=tuple(games),
                rounds=fields["quantity"],
                bet=Decimal(fields["betLine"]),
                currency_code=fields["currency"],
                expires=fields["validUntil"],
            )
        )
        return _error(Code.CONFLICT) if given is None else json_reply({"extID": given.reference})


def create(parts: StudioParts) -> SwipegamesStyleStudio:
    """Called by the kit, once."""
    return SwipegamesStyleStudio(config.read(parts.credentials))


def _fields(act: Act) -> dict[str, Any]:
    session = {"sessionID": session_name(act.seat.token, act.seat.user)}
    if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
        return session
    money = {
        **session,
        "txID": act.transaction_key,
        "roundID": act.round_id,
        "amount": to_wire(act.amount or Decimal(0)),
    }
    if act.kind is ActKind.CANCEL:
        about = {name: value for name, value in money.items() if name != "roundID" or value}
        return {**about, "origTxID": act.bet_key}
    grant = {"frID": act.grant_id} if act.grant_id else {}
    return {**money, "type": FREE if act.kind in _FREE else REGULAR, **grant}


def _code(reply: HttpReply) -> Code:
    try:
        code = parse_object(reply.body).get("code")
    except NotParseableError:
        code = None
    return Code(code) if code else Code(f"http_{reply.status}")


def _row(game: Game) -> dict[str, Any]:
    return {"id": game.game_id, "title": game.title, "locales": ["en"], "platforms": ["desktop", "mobile"]}


def _error(code: Code) -> HttpReply:
    explained = {} if code.startswith("http_") else {"code": code}
    return json_reply({"message": code.name, **explained}, HTTP_STATUS[code])
