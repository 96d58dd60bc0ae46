"""The studio's side of the same dialect: what this provider sends, and what it does after each answer."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Game
from provider_adapters._kit.strict_json import NotParseableError, parse_object
from provider_adapters._kit.studio.dialect import Reactions, StudioDialect, has_texts, json_reply
from provider_adapters._kit.studio.grants import LADDER, StudioGrant
from provider_adapters._kit.studio.habits import habits
from provider_adapters._kit.studio.ports import Act, ActKind, Desk, Habits, Reaction, Seat, StudioParts
from provider_adapters.slotegrator_style import auth, config, mapping
from provider_adapters.slotegrator_style.amounts import to_wire
from provider_adapters.slotegrator_style.client import BASE
from provider_adapters.slotegrator_style.config import Config
from provider_adapters.slotegrator_style.errors import Code

HABITS: Final = habits(
    __file__,
    closes_by_flag=True,
    wins_name_the_bet=False,
    late_bet_accepted=True,
    refusals_look_alike=True,
    free_wins_may_lack_round=True,
    refunds_may_lack_round=True,
    names_vouchers=True,
)

GAMES: Final = (
    Game(game_id="g-5a5a-demo-fruit", title="Demo Fruit", category="slot"),
    Game(game_id="g-5b5b-demo-roulette", title="Demo Roulette", category="table"),
    Game(game_id="g-5c5c-demo-live", title="Demo Live Roulette", category="live"),
)
_TYPES: Final = {"slot": "slots", "table": "roulette", "live": "live dealer"}
_PAGE: Final = 2
"""Real lists have 50 to a page. Here even a short one has two pages."""

_AGAIN: Final[Mapping[Code, Reaction]] = {
    Code.OK: Reaction.ACCEPTED,
    Code.INSUFFICIENT_FUNDS: Reaction.DISPUTE,
    Code.INTERNAL_ERROR: Reaction.RETRY,
}

REACTIONS: Final = Reactions(
    success=frozenset({Code.OK}),
    # Repeated a few times, then refunded.
    bets={**_AGAIN, Code.INSUFFICIENT_FUNDS: Reaction.REFUSED},
    credits=_AGAIN,
    cancels=_AGAIN,
)

_SAID: Final[Mapping[ActKind, tuple[str, str]]] = {
    ActKind.TIP: ("bet", "tip"),
    ActKind.PROMO: ("win", "prize_drop"),
    ActKind.TOURNAMENT: ("win", "tournament"),
    ActKind.JACKPOT: ("win", "jackpot"),
    ActKind.FREE_BET: ("bet", "freespin"),
    ActKind.FREE_SPIN: ("win", "freespin"),
}

_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}


class SlotegratorStyleStudio(StudioDialect):
    """`studio.ports.Studio` for this provider."""

    habits: Habits = HABITS
    games: Sequence[Game] = GAMES
    reactions = REACTIONS

    def __init__(self, settings: Config) -> None:
        self._config = settings
        self.clock: Callable[[], float] = time.time

    def write(self, act: Act) -> HttpRequest:
        """See `studio.ports.Studio`. A repetition has the same body, and its own time and nonce."""
        fields = _fields(act)
        return HttpRequest(
            method="POST", path="/", headers={**_FORM, **self._signed(fields)}, body=auth.encode(fields.items())
        )

    def _signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        key, nonce = self._config.merchant_keys[0], secrets.token_hex(16)
        return auth.signed_headers(key, self._config.merchant_id, fields, now_s=int(self.clock()), nonce=nonce)

    def understand(self, act: Act, reply: HttpReply) -> tuple[Code, Decimal | None]:
        """See `StudioDialect`."""
        content = parse_object(reply.body)
        if "error_code" in content:
            return Code(content["error_code"]), None
        if act.kind not in {ActKind.ENTER, ActKind.BALANCE} and not isinstance(content["transaction_id"], str):
            raise TypeError("transaction_id must be a text")
        return Code.OK, Decimal(content["balance"])

    def spoil(self, request: HttpRequest) -> HttpRequest:
        """See `studio.ports.Studio`. The last digit of the digest is none."""
        headers = {**request.headers, auth.SIGN: request.headers[auth.SIGN][:-1] + "X"}
        return replace(request, headers=headers)

    def signature_refused(self, reply: HttpReply) -> bool:
        """See `studio.ports.Studio`."""
        return b'"SIGNATURE_INVALID:' in reply.body or b'"CALLER_FORBIDDEN:' in reply.body

    async def api(self, request: HttpRequest, desk: Desk) -> HttpReply:
        """See `studio.ports.Studio`."""
        try:
            fields = auth.parse(request.body if request.method == "POST" else request.query)
        except NotParseableError:
            return _error("the form cannot be read")
        headers = {name: request.headers.get(name.lower(), "") for name in auth.SIGNED_HEADERS}
        if not auth.verify(self._config.merchant_keys, fields, headers, request.headers.get(auth.SIGN.lower(), "")):
            return _error("the signature is not valid", 403)
        match request.method, request.path.removeprefix(BASE):
            case "GET", "/limits":
                return json_reply({"items": []})
            case "GET", "/games":
                return self._page(fields)
            case "POST", "/games/init" | "/games/init-demo":
                return self._launch(fields, desk, is_demo=request.path.endswith("-demo"))
        return self._free_spins(request, fields, desk)

    def _free_spins(self, request: HttpRequest, fields: Mapping[str, str], desk: Desk) -> HttpReply:
        match request.method, request.path.removeprefix(BASE):
            case "GET", "/freespins/bets":
                return json_reply({"denominations": [], "bets": [], "total_bets": _total_bets()})
            case "POST", "/freespins/set":
                return self._give(fields, desk)
            case "POST", "/freespins/cancel":
                return _cancelled(fields.get("freespin_id", ""), desk)
            case "POST", "/freevouchers/set":
                return self._give_voucher(fields, desk)
            case "POST", "/freevouchers/cancel":
                return _cancelled(fields.get("freevoucher_id", ""), desk)
        return _error("no such call", 404)

    def _page(self, fields: Mapping[str, str]) -> HttpReply:
        page = int(fields.get("page", "1")) if fields.get("page", "1").isdigit() else 1
        shown = self.games[(page - 1) * _PAGE : page * _PAGE]
        pages = -(-len(self.games) // _PAGE)
        meta = {"totalCount": len(self.games), "pageCount": pages, "currentPage": page, "perPage": _PAGE}
        return json_reply({"items": [_row(game) for game in shown], "_meta": meta})

    def _launch(self, fields: Mapping[str, str], desk: Desk, *, is_demo: bool) -> HttpReply:
        known = fields.get("game_uuid") in {game.game_id for game in self.games}
        if known and is_demo:
            return json_reply({"url": desk.demo(user="", token="", game_id=fields["game_uuid"])})
        if not known or not has_texts(fields, "player_id", "player_name", "currency", "session_id"):
            return _error("a parameter is missing or wrong")
        seat = Seat(
            launch_id=desk.new_launch_id(),
            user=fields["player_id"],
            token=fields["session_id"],
            currency_code=fields["currency"],
            game_id=fields["game_uuid"],
            language=fields.get("language", ""),
        )
        return json_reply({"url": desk.seat(seat)})

    def _give(self, fields: Mapping[str, str], desk: Desk) -> HttpReply:
        needed = ("player_id", "player_name", "currency", "valid_from", "valid_until", "freespin_id")
        bets = {row["bet_id"]: Decimal(row["amount"]) for row in _total_bets()}
        known = fields.get("game_uuid") in {game.game_id for game in self.games}
        if not known or not has_texts(fields, *needed) or not fields.get("quantity", "").isdigit():
            return _error("a parameter is missing or wrong")
        if fields.get("total_bet_id", "") not in bets:
            return _error("no such bet")
        given = desk.grants.give(
            StudioGrant(
                reference=fields["freespin_id"],
                grant_id=fields["freespin_id"],
                user=fields["player_id"],
                game_ids=(fields["game_uuid"],),
                rounds=int(fields["quantity"]),
                bet=bets[fields["total_bet_id"]],
                currency_code=fields["currency"],
                expires=fields["valid_until"],
            )
        )
        return _error("the campaign is another one") if given is None else json_reply({"status": "Created"})

    def _give_voucher(self, fields: Mapping[str, str], desk: Desk) -> HttpReply:
        needed = ("player_id", "player_name", "currency", "amount", "max_winnings", "valid_from", "valid_until")
        tables = {game.game_id for game in self.games if game.category == "live"}
        if fields.get("game_uuid") not in tables or not has_texts(fields, *needed, "freevoucher_id"):
            return _error("a parameter is missing or wrong")
        given = desk.grants.give(
            StudioGrant(
                reference=fields["freevoucher_id"],
                grant_id=fields["freevoucher_id"].removeprefix(mapping.VOUCHER),
                user=fields["player_id"],
                game_ids=(fields["game_uuid"],),
                rounds=1,
                bet=Decimal(fields["amount"]),
                currency_code=fields["currency"],
                expires=fields["valid_until"],
                max_winnings=Decimal(fields["max_winnings"]),
            )
        )
        return _error("the voucher is another one") if given is None else json_reply({"status": "Created"})


def _cancelled(reference: str, desk: Desk) -> HttpReply:
    return json_reply({"status": "Cancelled"}) if desk.grants.cancel(reference) else _error("no such campaign")


def create(parts: StudioParts) -> SlotegratorStyleStudio:
    """Called by the kit, once."""
    return SlotegratorStyleStudio(config.read(parts.credentials))


def _fields(act: Act) -> dict[str, str]:
    seat = act.seat
    player = {"player_id": seat.user, "currency": seat.currency_code, "session_id": seat.token}
    if act.kind in {ActKind.ENTER, ActKind.BALANCE}:
        return {"action": "balance", **player}
    fields = {
        **player,
        "game_uuid": act.game_id or seat.game_id,
        "transaction_id": act.transaction_key,
        **({"round_id": act.round_id} if act.round_id else {}),
        "amount": to_wire(act.amount or Decimal(0)),
    }
    if act.kind is ActKind.CANCEL:
        return {
            "action": "refund",
            **fields,
            "bet_transaction_id": act.bet_key,
            "type": "freespin" if act.grant_id else "bet",
        }
    if act.kind is ActKind.ROLLBACK:
        return _rollback(act, player)
    if act.kind in _SAID:
        action, word = _SAID[act.kind]
        if act.kind is ActKind.PROMO and act.grant_id:
            return {"action": action, **fields, "type": "bonus", "freevoucher_id": act.grant_id}
        grant = {"freespin_id": act.grant_id, "quantity": "3"} if act.grant_id else {}
        return {"action": action, **fields, "type": word, **grant}
    action = "bet" if act.kind is ActKind.BET else "win"
    return {"action": action, **fields, "type": action, "finished": "1" if act.closes else "0"}


def _rollback(act: Act, player: dict[str, str]) -> dict[str, str]:
    listed = {
        f"rollback_transactions[{number}][{name}]": value
        for number, undone in enumerate(act.undoes)
        for name, value in (
            ("action", "bet" if undone.kind is ActKind.BET else "win"),
            ("amount", to_wire(undone.amount or Decimal(0))),
            ("transaction_id", undone.transaction_key),
            ("type", "bet" if undone.kind is ActKind.BET else "win"),
        )
    }
    about = {"game_uuid": act.game_id, "transaction_id": act.transaction_key, "round_id": act.round_id}
    return {"action": "rollback", **player, **about, "provider_round_id": act.round_id, "type": "rollback", **listed}


def _total_bets() -> list[dict[str, str]]:
    return [{"bet_id": str(number), "amount": str(bet)} for number, bet in enumerate(sorted(LADDER))]


def _row(game: Game) -> dict[str, Any]:
    return {"uuid": game.game_id, "name": game.title, "type": _TYPES[game.category], "provider": "Demo"}


def _error(text: str, status: int = 400) -> HttpReply:
    return json_reply({"error_code": Code.INTERNAL_ERROR, "error_description": text}, status)
