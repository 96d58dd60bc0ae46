"""The studio's side of the same dialect: what this provider sends, and what it does after each answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import orjson

from provider_adapters._kit import strict_xml
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Game
from provider_adapters._kit.strict_json import NotParseableError
from provider_adapters._kit.studio.dialect import Reactions, StudioDialect, has_texts
from provider_adapters._kit.studio.habits import habits
from provider_adapters._kit.studio.ports import Act, ActKind, Desk, Habits, Reaction, Seat, StudioParts
from provider_adapters.playngo_style import auth, config, mapping
from provider_adapters.playngo_style.amounts import to_wire
from provider_adapters.playngo_style.client import PATH
from provider_adapters.playngo_style.config import Config
from provider_adapters.playngo_style.errors import Code

HABITS: Final = habits(
    __file__,
    closes_by_flag=True,
    wins_name_the_bet=False,
    cancel_shares_key=True,
    win_without_bet_paid=True,
    free_bets_share_ids=True,
)

GAMES: Final = (
    Game(game_id="287", title="Demo Book", category="slot"),
    Game(game_id="310", title="Demo Reactor", category="slot"),
    Game(game_id="402", title="Demo Blackjack", category="table"),
)

_CALLS: Final[Mapping[ActKind, str]] = {
    ActKind.ENTER: "authenticate",
    ActKind.BALANCE: "balance",
    ActKind.BET: "reserve",
    ActKind.WIN: "release",
    ActKind.CANCEL: "cancelReserve",
    ActKind.PROMO: "release",
    ActKind.FREE_BET: "reserve",
    ActKind.FREE_SPIN: "release",
}
_FREE: Final = frozenset({ActKind.FREE_BET, ActKind.FREE_SPIN})
_RELEASES: Final = frozenset(kind for kind, call in _CALLS.items() if call == "release")

_CREDITS: Final = {
    **dict.fromkeys(Code, Reaction.DISPUTE),
    Code.OK: Reaction.ACCEPTED,
    Code.INTERNAL: Reaction.RETRY,
    Code.TOO_MANY_CALLS: Reaction.RETRY,
}

REACTIONS: Final = Reactions(
    success=frozenset({Code.OK}),
    bets={
        **dict.fromkeys(Code, Reaction.REFUSED),
        Code.OK: Reaction.ACCEPTED,
        Code.INTERNAL: Reaction.CANCEL,
        Code.TOO_MANY_CALLS: Reaction.CANCEL,
    },
    credits=_CREDITS,
    cancels=_CREDITS,
)

_HEADERS: Final = {"content-type": "application/xml"}


class PlayngoStyleStudio(StudioDialect):
    """`studio.ports.Studio` for this provider."""

    habits: Habits = HABITS
    games: Sequence[Game] = GAMES
    reactions = REACTIONS

    def __init__(self, settings: Config) -> None:
        self._config = settings

    def write(self, act: Act) -> HttpRequest:
        """See `studio.ports.Studio`."""
        body = strict_xml.write(_CALLS[act.kind], {**_fields(act), auth.FIELD: self._config.access_tokens[0]})
        return HttpRequest(method="POST", path="/", headers=_HEADERS, body=body)

    def understand(self, act: Act, reply: HttpReply) -> tuple[Code, Decimal | None]:
        """See `StudioDialect`."""
        root, fields = strict_xml.parse(reply.body)
        code = Code(int(fields["statusCode"]))
        if code is Code.OK and root != _CALLS[act.kind]:
            raise NotParseableError("an answer to another call")
        return code, Decimal(fields["real"]) if "real" in fields else None

    def new_token(self, reply: HttpReply) -> str:
        """See `StudioDialect`. What the ticket was good for."""
        return strict_xml.parse(reply.body)[1]["externalGameSessionId"]

    def spoil(self, request: HttpRequest) -> HttpRequest:
        """See `studio.ports.Studio`. Another secret."""
        secret = self._config.access_tokens[0].encode()
        return replace(request, body=request.body.replace(secret, secret[::-1] + b"x"))

    def signature_refused(self, reply: HttpReply) -> bool:
        """See `studio.ports.Studio`."""
        return b"<statusCode>4</statusCode>" in reply.body

    async def api(self, request: HttpRequest, desk: Desk) -> HttpReply:
        """See `studio.ports.Studio`."""
        try:
            call, fields = strict_xml.parse(request.body)
        except NotParseableError:
            return _told("error", Code.SERVICE_UNAVAILABLE)
        mine = (self._config.operator, self._config.api_token)
        if request.path != PATH or (fields.get("operator"), fields.get("apiToken")) != mine:
            return _told(call, Code.WRONG_ACCESS_TOKEN)
        match call:
            case "ping":
                return _told(call, Code.OK)
            case "games":
                return _told(call, Code.OK, list=orjson.dumps([_row(game) for game in self.games]).decode())
            case "launch":
                return self._launch(fields, desk)
        return _told(call, Code.SERVICE_UNAVAILABLE)

    def _launch(self, fields: Mapping[str, Any], desk: Desk) -> HttpReply:
        known = fields.get("gameId") in {game.game_id for game in self.games}
        if not known or not has_texts(fields, "externalId", "ticket", "currency", "language"):
            return _told("launch", Code.SERVICE_UNAVAILABLE)
        seat = Seat(
            launch_id=desk.new_launch_id(),
            user=fields["externalId"],
            token=fields["ticket"],
            currency_code=fields["currency"],
            game_id=fields["gameId"],
            language=fields["language"],
        )
        return _told("launch", Code.OK, url=desk.seat(seat))


def create(parts: StudioParts) -> PlayngoStyleStudio:
    """Called by the kit, once."""
    return PlayngoStyleStudio(config.read(parts.credentials))


def _fields(act: Act) -> dict[str, str]:
    seat = act.seat
    common = {"productId": "1", "contextId": "0"}
    if act.kind is ActKind.ENTER:
        return {"username": seat.token, **common, "gameId": seat.game_id}
    player = {"externalId": seat.user, **common, "externalGameSessionId": seat.token, "currency": seat.currency_code}
    if act.kind is ActKind.BALANCE:
        return player
    state = mapping.CLOSED if act.closes else mapping.OPEN
    kind = mapping.PROMOTIONAL if act.kind is ActKind.PROMO else mapping.REAL
    more = {"state": state, "type": kind} if act.kind in _RELEASES else {}
    if act.jackpot is not None:
        more["jackpotGain"] = to_wire(act.jackpot)
    if act.kind in _FREE:
        more["freegameExternalId"] = act.grant_id
    amount = act.amount if act.kind is not ActKind.FREE_BET else None
    return {
        **player,
        "transactionId": act.transaction_key,
        "real": to_wire(amount or Decimal(0)),
        "gameId": act.game_id or seat.game_id,
        "gameSessionId": seat.launch_id,
        "roundId": act.round_id,
        **more,
    }


def _row(game: Game) -> dict[str, Any]:
    return {"id": game.game_id, "name": game.title, "type": game.category, "enabled": game.enabled}


def _told(call: str, code: Code, **fields: str) -> HttpReply:
    body = strict_xml.write(call, {**fields, **mapping.status(code, code.name)})
    return HttpReply(body=body, content_type="application/xml")
