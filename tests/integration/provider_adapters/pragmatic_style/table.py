"""A player at a game of the provider, in the words of the provider."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from provider_adapters.pragmatic_style import auth
from tests.integration.provider_adapters.office import Launched, Office

PROVIDER = "pragmatic_style"
SLOT = "vs20demo"
TABLE = "bjdemo"
_count = itertools.count(1)


class Table:
    """One player at a game of the provider; every call is signed as the provider signs."""

    def __init__(self, office: Office, player: Launched) -> None:
        self.office = office
        self.player = player
        self.round_id = f"round-{next(_count)}"
        self.secret = office.stack.vault.credentials[PROVIDER].studio["secret"]

    def key(self) -> str:
        return f"ref-{next(_count)}"

    async def send(self, call: str, fields: Mapping[str, str], spelling: auth.Spelling = auth.Spelling.PLAIN) -> bytes:
        body = auth.signed_form({"providerId": "pragmaticplay", **fields}, self.secret, spelling)
        reply = await self.office.http.post(f"{self.office.stack.around.callback_url(PROVIDER)}/{call}", content=body)
        assert reply.status_code == 200
        return reply.content

    async def ask(self, call: str, **fields: str) -> Any:
        return json.loads(await self.send(call, fields), parse_float=Decimal)

    def money(self, reference: str, amount: str, **changes: str) -> dict[str, str]:
        place = {"userId": self.player.user, "gameId": SLOT, "roundId": self.round_id}
        rest = {"timestamp": "1767225600000", "roundDetails": "spin"}
        return {**place, **rest, "reference": reference, "amount": amount, **changes}

    async def bet(self, reference: str, amount: str = "10.00", **changes: str) -> Any:
        return await self.ask("bet", **self.money(reference, amount, **changes))

    async def result(self, reference: str, amount: str = "25.50", **changes: str) -> Any:
        return await self.ask("result", **self.money(reference, amount, **changes))

    async def refund(self, reference: str, **more: str) -> Any:
        return await self.ask("refund", userId=self.player.user, reference=reference, **more)

    async def end_round(self) -> Any:
        return await self.ask("endRound", userId=self.player.user, gameId=SLOT, roundId=self.round_id)

    async def cash(self, currency: str = "EUR") -> Decimal:
        return Decimal(await self.office.balance(self.player.player, currency))

    async def platform(self, **action: Any) -> None:
        """An action of the platform for this player, which has to succeed."""
        result = await self.office.execute(self.player.player, f"platform-{next(_count)}", **action)
        assert result.outcome == 1
