"""What we ask the provider."""

import secrets
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit.asking import Question, ask, browser_address, raise_for
from provider_adapters._kit.errors import ProviderRefusedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import FreeRounds, Game, GivenRounds, Launch, Outbound
from provider_adapters._kit.strict_json import parse_object
from provider_adapters._kit.typed_json import build
from provider_adapters.slotegrator_style import auth, mapping, wire
from provider_adapters.slotegrator_style.config import Config
from provider_adapters.slotegrator_style.errors import FAILURES

BASE = "/api/index.php/v1"
MOST_PAGES: Final = 400
_OK = 200


class Client:
    """The provider's API."""

    def __init__(self, config: Config, outbound: Outbound) -> None:
        self._config = config
        self._outbound = outbound

    async def launch_url(self, launch: Launch) -> str:
        """`/games/init`. It moves no money, and a second game would be another window, so it may be repeated."""
        path, fields = "/games/init", mapping.launch_fields(launch)
        if launch.demo:
            path, fields = "/games/init-demo", mapping.demo_fields(launch)
        return await ask(self._outbound, self._post(path, fields), read_launch)

    async def games(self) -> tuple[Game, ...]:
        """`/games`, page by page."""
        found: list[Game] = []
        for page in range(1, MOST_PAGES + 1):
            games, pages = await ask(self._outbound, self._get("/games", {"page": str(page)}), read_page)
            found += games
            if page >= pages:
                break
        return tuple(found)

    async def ping(self, timeout_s: float) -> None:
        """`/limits`: the list of games may be asked for once a second only."""
        await ask(self._outbound, self._get("/limits", {}), read_content, probe_timeout_s=timeout_s)

    async def grant(self, rounds: FreeRounds) -> str:
        """`/freespins/set`, with the total bet of `/freespins/bets` that is meant. Our id is what the results carry."""
        if rounds.max_winnings is not None:
            return await self._voucher(rounds, rounds.max_winnings)
        about = {"game_uuid": rounds.game_ids[0], "currency": rounds.bet.currency_code}
        bets = await ask(self._outbound, self._get("/freespins/bets", about), read_bets)
        bet_id = bets.get(Decimal(rounds.bet.amount))
        if bet_id is None:
            raise ProviderRefusedError(operation="/freespins/bets", code="NO_SUCH_BET")
        fields = mapping.free_spins_fields(rounds, bet_id, now_s=int(time.time()))
        await ask(self._outbound, self._post("/freespins/set", fields), read_content, once=True)
        return rounds.grant_id

    async def _voucher(self, rounds: FreeRounds, most: Money) -> str:
        """`/freevouchers/set`."""
        fields = mapping.voucher_fields(rounds, most, now_s=int(time.time()))
        await ask(self._outbound, self._post("/freevouchers/set", fields), read_content, once=True)
        return mapping.voucher_name(rounds)

    async def cancel_grant(self, given: GivenRounds) -> None:
        """`/freespins/cancel`, or `/freevouchers/cancel`."""
        if given.reference.startswith(mapping.VOUCHER):
            question = self._post("/freevouchers/cancel", {"freevoucher_id": given.reference})
        else:
            question = self._post("/freespins/cancel", {"freespin_id": given.reference})
        await ask(self._outbound, question, read_content)

    def _post(self, operation: str, fields: Mapping[str, str]) -> Question:
        headers = {**self._signed(fields), "content-type": "application/x-www-form-urlencoded"}
        return Question(operation=operation, path=BASE + operation, body=auth.encode(fields.items()), headers=headers)

    def _get(self, operation: str, fields: Mapping[str, str]) -> Question:
        query = auth.encode(fields.items()).decode("ascii")
        return Question(
            operation=operation, method="GET", path=BASE + operation, query=query, headers=self._signed(fields)
        )

    def _signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        key = self._config.merchant_keys[0]
        now_s, nonce = int(time.time()), secrets.token_hex(16)
        return auth.signed_headers(key, self._config.merchant_id, fields, now_s=now_s, nonce=nonce)


def read_content(reply: HttpReply) -> dict[str, Any]:
    """A good answer, or the provider's own error."""
    content = parse_object(reply.body)
    if reply.status != _OK:
        raise_for(content["error_code"], FAILURES)
    return content


def read_launch(reply: HttpReply) -> str:
    """The address, if it is one that a browser may be sent to."""
    return browser_address(read_content(reply)["url"])


def read_bets(reply: HttpReply) -> dict[Decimal, str]:
    """The total bets that free spins may have, and their ids."""
    return {Decimal(str(row["amount"])): str(row["bet_id"]) for row in read_content(reply)["total_bets"]}


def read_page(reply: HttpReply) -> tuple[list[Game], int]:
    """The games of a page whose type we know, and how many pages there are."""
    content = read_content(reply)
    rows = [build(wire.GameRow, row) for row in content["items"]]
    known = [row for row in rows if row.type.lower() in mapping.CATEGORIES]
    games = [Game(game_id=row.uuid, title=row.name, category=mapping.CATEGORIES[row.type.lower()]) for row in known]
    return games, int(content["_meta"]["pageCount"])
