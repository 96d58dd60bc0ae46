"""The studio's side of the same dialect: what this provider sends, and what it does after each answer."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Game
from provider_adapters._kit.strict_form import decode, parse_pairs
from provider_adapters._kit.strict_json import NotParseableError, parse_object, write_exact
from provider_adapters._kit.studio.dialect import Reactions, StudioDialect, has_texts, json_reply
from provider_adapters._kit.studio.habits import habits
from provider_adapters._kit.studio.ports import Act, ActKind, Desk, Habits, Reaction, Seat, StudioParts
from provider_adapters.evolution_style import auth, config, mapping
from provider_adapters.evolution_style.amounts import to_wire
from provider_adapters.evolution_style.client import LAUNCH, LOBBY, RENDER
from provider_adapters.evolution_style.config import Config
from provider_adapters.evolution_style.errors import Code, Failure

HABITS: Final = habits(
    __file__, closes_by_flag=True, wins_name_the_bet=False, cancel_shares_key=True, names_vouchers=True
)

GAMES: Final = (
    Game(game_id="tbl-roulette-1", title="Demo Roulette", category="live"),
    Game(game_id="tbl-blackjack-7", title="Demo Blackjack", category="live"),
    Game(game_id="tbl-baccarat-3", title="Demo Baccarat", category="live"),
    Game(game_id="tbl-first-person-1", title="First Person Demo", category="table"),
)

_CALLS: Final[Mapping[ActKind, str]] = {
    ActKind.ENTER: "/check",
    ActKind.BALANCE: "/balance",
    ActKind.BET: "/debit",
    ActKind.WIN: "/credit",
    ActKind.CANCEL: "/cancel",
    ActKind.PROMO: "/promo_payout",
    ActKind.JACKPOT: "/promo_payout",
    ActKind.FREE_TOTAL: "/promo_payout",
}

_PAYOUTS: Final[Mapping[ActKind, str]] = {
    ActKind.PROMO: mapping.PROMOTION,
    ActKind.JACKPOT: mapping.JACKPOT,
    ActKind.FREE_TOTAL: mapping.FREE_ROUNDS_SPENT,
}

_AGAIN: Final = {Code.TEMPORARY_ERROR: Reaction.RETRY, Code.OPERATION_IN_PROCESS: Reaction.RETRY}
_CREDITS: Final = {**dict.fromkeys(Code, Reaction.DISPUTE), **_AGAIN, Code.OK: Reaction.ACCEPTED}

REACTIONS: Final = Reactions(
    success=frozenset({Code.OK}),
    # Retransmitted a few times, then cancelled. An unknown error is cancelled at once.
    bets={
        **dict.fromkeys(Code, Reaction.REFUSED),
        **_AGAIN,
        Code.UNKNOWN_ERROR: Reaction.CANCEL,
        Code.OK: Reaction.ACCEPTED,
        Code.BET_ALREADY_EXIST: Reaction.ACCEPTED,
    },
    credits=_CREDITS,
    # A bet that does not exist needs no cancel.
    cancels={**_CREDITS, Code.BET_DOES_NOT_EXIST: Reaction.ACCEPTED},
)

_REQUESTS: Final = uuid.UUID("1c7b7c1e-0f0e-4b0e-8a53-0c8a4a1f4b6d")


class EvolutionStyleStudio(StudioDialect):
    """`studio.ports.Studio` for this provider."""

    habits: Habits = HABITS
    games: Sequence[Game] = GAMES
    reactions = REACTIONS

    def __init__(self, settings: Config) -> None:
        self._config = settings

    def write(self, act: Act) -> HttpRequest:
        """See `studio.ports.Studio`."""
        return HttpRequest(
            method="POST",
            path=_CALLS[act.kind],
            query=auth.query(self._config.auth_tokens[0]),
            headers={"content-type": "application/json"},
            body=write_exact(_fields(act)),
        )

    def understand(self, act: Act, reply: HttpReply) -> tuple[Code, Decimal | None]:
        """See `StudioDialect`."""
        content = parse_object(reply.body)
        if act.kind is ActKind.ENTER and not content.get("sid"):
            return Code(content["status"]), None
        balance = content.get("balance")
        return Code(content["status"]), None if balance is None else Decimal(balance)

    def new_token(self, reply: HttpReply) -> str:
        """See `StudioDialect`. From here on the sid of the check."""
        return str(parse_object(reply.body)["sid"])

    def spoil(self, request: HttpRequest) -> HttpRequest:
        """See `studio.ports.Studio`. The token, almost."""
        return replace(request, query=request.query[:-1] + (b"A" if request.query[-1:] != b"A" else b"B"))

    def signature_refused(self, reply: HttpReply) -> bool:
        """See `studio.ports.Studio`."""
        return reply.status == 401 and b'"INVALID_TOKEN_ID"' in reply.body  # noqa: PLR2004 - of the sheet

    async def api(self, request: HttpRequest, desk: Desk) -> HttpReply:
        """See `studio.ports.Studio`."""
        mine = self._config
        if request.path == f"{LAUNCH}{mine.casino_key}/{mine.api_token}" and request.method == "POST":
            return self._launch(request, desk)
        if request.headers.get("authorization") != auth.basic(mine.casino_key, mine.api_token):
            return _error(Failure.CASINO, 401)
        if request.path == f"{LOBBY}{mine.casino_key}/state" and request.method == "GET":
            return json_reply({"tables": {game.game_id: _row(game) for game in self.games}})
        if request.path == RENDER and request.method == "GET":
            return _rendered(request, desk)
        return _error(Failure.CONFIGURATION, 404)

    def _launch(self, request: HttpRequest, desk: Desk) -> HttpReply:
        try:
            content = parse_object(request.body)
            player, table = content["player"], content["config"]["game"]["table"]
            token = player["session"]["id"]
        except (NotParseableError, KeyError, TypeError):
            return _error(Failure.CONFIGURATION)
        if not has_texts(player, "id", "language", "currency") or not isinstance(token, str) or not token:
            return _error(Failure.PLAYER)
        if table.get("id") not in {game.game_id for game in self.games}:
            return _error(Failure.TABLE)
        if content["config"]["game"].get("playMode") == mapping.PLAY_MONEY:
            address = desk.demo(user=player["id"], token=token, game_id=table["id"])
            return json_reply({"entry": address, "entryEmbedded": f"{address}?embedded=1"})
        seat = Seat(
            launch_id=desk.new_launch_id(),
            user=player["id"],
            token=token,
            currency_code=player["currency"],
            game_id=table["id"],
            country=str(player.get("country", "")),
            language=player["language"],
        )
        address = desk.seat(seat)
        return json_reply({"entry": address, "entryEmbedded": f"{address}?embedded=1"})


def create(parts: StudioParts) -> EvolutionStyleStudio:
    """Called by the kit, once."""
    return EvolutionStyleStudio(config.read(parts.credentials))


def _fields(act: Act) -> dict[str, Any]:
    seat = act.seat
    # Made from the message's own id, so that a repetition is byte for byte the same.
    request_id = str(uuid.uuid5(_REQUESTS, f"{act.kind}/{act.transaction_key or seat.launch_id}"))
    common: dict[str, Any] = {"sid": seat.token, "userId": seat.user, "uuid": request_id}
    if act.kind is ActKind.ENTER:
        return {**common, "channel": {"type": "P"}}
    if act.kind is ActKind.BALANCE:
        return {**common, "currency": seat.currency_code}
    if act.kind in _PAYOUTS:
        capped = act.kind is ActKind.PROMO and bool(act.grant_id)
        kind = mapping.CAP_REACHED if capped else _PAYOUTS[act.kind]
        payout = {"type": kind, "id": act.transaction_key, "amount": to_wire(act.amount or Decimal(0))}
        voucher = {"voucherId": act.grant_id, "remainingRounds": 0} if act.grant_id else {}
        return {**common, "currency": seat.currency_code, "promoTransaction": {**payout, **voucher}}
    table = {"id": act.game_id or seat.game_id, "vid": "v-1"}
    return {
        **common,
        "currency": seat.currency_code,
        "game": {"id": act.round_id, "type": "roulette", "details": {"table": table}},
        "transaction": {
            "id": act.transaction_key,
            "refId": f"R-{act.round_id[:36]}",
            "amount": to_wire(act.amount or Decimal(0)),
        },
    }


def _rendered(request: HttpRequest, desk: Desk) -> HttpReply:
    try:
        game = decode(parse_pairs(request.query)).get("gameId", "")
    except NotParseableError:
        return _error(Failure.CONFIGURATION)
    page = desk.replays.page(game)
    return HttpReply(body=page.encode(), content_type="text/html") if page else _error(Failure.CONFIGURATION, 404)


def _row(game: Game) -> dict[str, Any]:
    return {"name": game.title, "gameType": "rng" if game.category == "table" else "roulette", "open": game.enabled}


def _error(failure: Failure, status: int = 400) -> HttpReply:
    return json_reply({"errors": [{"code": failure, "message": failure.name}]}, status)
