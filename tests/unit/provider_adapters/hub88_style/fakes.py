"""Ledger, directory and provider in memory, for tests of the pure parts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action, Balances, Result
from pitboss.wallet.v1.transaction_pb2 import Transaction
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import SessionFacts, SessionsDownError
from provider_adapters._kit.references import PlayerReference
from provider_adapters.hub88_style import auth
from provider_adapters.hub88_style.callbacks import Callbacks
from provider_adapters.hub88_style.config import Keys
from tests.unit.provider_adapters.hub88_style.keys import other_key, sheet_key

PLAYER = PlayerReference(licensee="aurora", player_id="pl-7001")
FACTS = SessionFacts(
    session_id="s-1",
    player=PLAYER,
    game_id="demo_fruit_5",
    currency_code="EUR",
    token="sess-0001",
    country="DE",
    jurisdiction="gb",
)
KEYS = Keys(operator_id="pitboss", own=other_key(), others=(sheet_key().public_key(),))


def balances(amount: str, currency_code: str = "EUR") -> Balances:
    found = Balances()
    found.available.amount = amount
    found.available.currency_code = currency_code
    return found


class Ledger:
    """Answers one outcome and remembers the actions."""

    def __init__(self, outcome: str = "OUTCOME_OK", available: str = "98.75") -> None:
        self.result = Result(outcome=Outcome.Value(outcome), balance_now=balances(available))
        self.actions: list[tuple[PlayerReference, Action]] = []

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        self.actions.append((player, action))
        return self.result

    async def balance(self, player: PlayerReference, currency_code: str, budget: Budget) -> Balances | Result:
        if self.result.outcome != Outcome.OUTCOME_OK:
            return self.result
        return self.result.balance_now

    async def round_transactions(
        self, player: PlayerReference, round_id: str, budget: Budget
    ) -> list[Transaction] | Result:
        return []

    async def round_currency(self, player: PlayerReference, round_id: str, budget: Budget) -> str | Result:
        return "EUR"


class Sessions:
    """Knows one session, unless it is down."""

    def __init__(self) -> None:
        self.down = False
        self.cached = False
        self.asked = 0

    async def by_token(self, token: str, budget: Budget) -> SessionFacts | None:
        self.asked += 1
        if self.down:
            raise SessionsDownError
        return FACTS if token == FACTS.token else None

    async def swap(self, token: str, budget: Budget, *, key: str = "") -> SessionFacts | None:
        return await self.by_token(token, budget)

    async def by_player(self, player: PlayerReference, budget: Budget) -> SessionFacts | None:
        self.asked += 1
        if self.down:
            raise SessionsDownError
        return FACTS if player == PLAYER else None

    def known(self, token: str) -> SessionFacts | None:
        return FACTS if self.cached and token == FACTS.token else None


class Security:
    def __init__(self) -> None:
        self.events: list[str] = []

    def report(self, event: str, request: HttpRequest, **facts: str) -> None:
        self.events.append(event)


class World:
    """Callbacks with everything behind them in memory."""

    def __init__(self, **ledger: str) -> None:
        self.ledger = Ledger(**ledger)
        self.sessions = Sessions()
        self.security = Security()
        self.callbacks = Callbacks(keys=KEYS, wallet=self.ledger, sessions=self.sessions, security=self.security)

    async def post(self, path: str, body: bytes, **headers: str) -> HttpReply:
        """Send these bytes, signed unless a signature is given."""
        signed = {auth.HEADER.lower(): auth.sign(sheet_key(), body), "content-type": "application/json"}
        request = HttpRequest(method="POST", path=path, headers={**signed, **headers}, body=body)
        return await self.callbacks.answer(request, Budget.of(1))

    async def say(self, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Send these fields and read the answer."""
        reply = await self.post(path, json.dumps(fields).encode())
        return json.loads(reply.body)  # type: ignore[no-any-return]


class Provider:
    """`ports.Outbound` that answers what it is told."""

    def __init__(self, reply: HttpReply) -> None:
        self._reply = reply
        self.sent: list[dict[str, Any]] = []

    async def send(
        self, operation: str, method: str, path: str, *, read: Callable[[HttpReply], Any], **options: Any
    ) -> Any:
        self.sent.append({"operation": operation, "method": method, "path": path, **options})
        return read(self._reply)
