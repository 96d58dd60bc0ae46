"""A real adapter with one mistake in it, on the real ledger, for the tests of the suite itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_plus

from mesh.dev.stack import Stack
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome, OutcomeClass
from pitboss.wallet.v1.action_pb2 import Action, Balances, Bet, Result
from pitboss.wallet.v1.transaction_pb2 import Transaction
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.http_server import Callbacks, HttpApp, HttpServer
from provider_adapters._kit.ports import Adapter, Wallet
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.runner import create_adapter
from provider_adapters.hub88_style import auth
from provider_adapters.hub88_style.config import studio_keys
from tests.conformance.in_process import adapter_parts
from tests.conformance.office import CountingOffice

NAME = "hub88_style"


class Honest:
    """`ports.Wallet` that passes everything on."""

    def __init__(self, inner: Wallet) -> None:
        self.inner = inner

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        return await self.inner.execute(player, action, budget)

    async def balance(self, player: PlayerReference, currency_code: str, budget: Budget) -> Balances | Result:
        return await self.inner.balance(player, currency_code, budget)

    async def round_transactions(
        self, player: PlayerReference, round_id: str, budget: Budget
    ) -> Sequence[Transaction] | Result:
        return await self.inner.round_transactions(player, round_id, budget)

    async def round_currency(self, player: PlayerReference, round_id: str, budget: Budget) -> str | Result:
        return await self.inner.round_currency(player, round_id, budget)


class Forgetful(Honest):
    """Makes a new transaction of a message that it has seen before."""

    def __init__(self, inner: Wallet) -> None:
        super().__init__(inner)
        self._seen: dict[tuple[str, str | None, str], int] = {}

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        name = (str(player), action.WhichOneof("kind"), action.transaction_key)
        self._seen[name] = self._seen.get(name, 0) + 1
        if self._seen[name] > 1:
            action.transaction_key += f"-{self._seen[name]}"
        return await super().execute(player, action, budget)


class Agreeable(Honest):
    """Says yes to what was refused."""

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        result = await super().execute(player, action, budget)
        if result.outcome_class == OutcomeClass.OUTCOME_CLASS_REJECT:
            result.outcome = Outcome.OUTCOME_OK
        return result


class Rounding(Honest):
    """Cuts stakes off at the cent."""

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        if action.HasField("bet"):
            whole, _, rest = action.bet.amount.amount.partition(".")
            action.bet.amount.amount = f"{whole}.{rest[:2]}" if rest else whole
        return await super().execute(player, action, budget)


class Stakeless(Honest):
    """Takes nothing of players whose cancel it has seen, and forgets the cancel of what it does not know."""

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        if action.HasField("cancel"):
            return Result(outcome=Outcome.OUTCOME_OK, balance_now=await self._now(player, budget))
        return await super().execute(player, action, budget)

    async def _now(self, player: PlayerReference, budget: Budget) -> Balances:
        found = await self.balance(player, "EUR", budget)
        return found if isinstance(found, Balances) else Balances()


class Decoding(Honest):
    """Decodes ids that were decoded already."""

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        action.transaction_key = unquote_plus(action.transaction_key)
        return await super().execute(player, action, budget)


class Gameless(Honest):
    """Names the same game to the ledger, whatever is played."""

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        if action.HasField("bet"):
            action.bet.game_id = "demo_pyramid"
        return await super().execute(player, action, budget)


class Selling(Honest):
    """Takes money for presents: a free bet is a bet to it."""

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        spin = action.free_round_spin
        if action.HasField("free_round_spin") and not Decimal(spin.amount.amount):
            bet = Bet(round_id=spin.round_id, session_id=spin.session_id, game_id="demo_fruit_5")
            bet.amount.CopyFrom(Money(currency_code=spin.amount.currency_code, amount="0.20"))
            action = Action(transaction_key=action.transaction_key, bet=bet)
        return await super().execute(player, action, budget)


class Trusting:
    """Believes everybody: signs what it is sent before it verifies it."""

    def __init__(self, inner: Adapter, studio: Any) -> None:
        self._inner = inner
        self._keys = studio_keys(studio)
        self.refuse = inner.refuse

    async def callback(self, request: HttpRequest, budget: Budget) -> HttpReply:
        signature = auth.sign(self._keys.own, request.body)
        return await self._inner.callback(
            replace(request, headers={**request.headers, auth.HEADER.lower(): signature}), budget
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake, the cases that must show it, and cases that must not be bothered by it."""

    wallet: Callable[[Wallet], Wallet] = Honest
    trusts: bool = False
    shown: frozenset[str]
    innocent: frozenset[str]


MISTAKES = {
    "forgets": Mistake(
        wallet=Forgetful,
        shown=frozenset({"D02", "D03", "D07", "D24", "E03", "E04", "F20", "I02", "I03", "I08", "L05", "H01", "H03"}),
        innocent=frozenset({"A03", "B01", "B02", "D06", "D10"}),
    ),
    "agrees": Mistake(
        wallet=Agreeable,
        shown=frozenset({"B05", "D06", "D08", "D16", "D17", "D18", "E05", "F06", "F07"}),
        innocent=frozenset({"A03", "D01", "D02", "E01", "F01"}),
    ),
    "rounds": Mistake(
        wallet=Rounding, shown=frozenset({"D11"}), innocent=frozenset({"D01", "D02", "E01", "F01", "A04"})
    ),
    "sells presents": Mistake(
        wallet=Selling, shown=frozenset({"H01", "H04", "H05", "F19"}), innocent=frozenset({"D01", "H03", "H06", "H15"})
    ),
    "loses cancels": Mistake(
        wallet=Stakeless,
        shown=frozenset({"F01", "F02", "F03", "F04", "B07", "B08", "D16", "E15"}),
        innocent=frozenset({"D01", "E01", "E03"}),
    ),
    "decodes twice": Mistake(
        wallet=Decoding, shown=frozenset({"A11"}), innocent=frozenset({"D01", "D02", "E01", "F01"})
    ),
    "names one game": Mistake(
        wallet=Gameless, shown=frozenset({"D15"}), innocent=frozenset({"D01", "D24", "E15", "I07", "L02", "L03"})
    ),
    "trusts": Mistake(
        trusts=True,
        shown=frozenset({"A02", "A03", "A04", "A05", "A06", "A09", "A16"}),
        innocent=frozenset({"D01", "E01", "F04"}),
    ),
}


@contextlib.asynccontextmanager
async def running(stack: Stack, office: CountingOffice, mistake: Mistake) -> AsyncIterator[str]:
    """The adapter with the mistake, and where it listens."""
    credentials = json.loads((stack.around.credentials / f"{NAME}.adapter.json").read_text())
    parts = adapter_parts(office, NAME, credentials, wallet=mistake.wallet)
    adapter: Any = create_adapter(parts)
    if mistake.trusts:
        adapter = Trusting(adapter, json.loads((stack.around.credentials / f"{NAME}.studio.json").read_text()))
    served = HttpApp(
        Callbacks(NAME, adapter, at_once=64).handle,
        adapter.refuse,
        max_body_bytes=parts.manifest.max_body_bytes,
        budget_s=parts.manifest.budget_s,
    )
    server = HttpServer(served, "127.0.0.1:0", drain_seconds=1)
    serving = asyncio.create_task(server.serve())
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
