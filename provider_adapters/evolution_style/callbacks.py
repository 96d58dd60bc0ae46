"""What the provider asks us: verify, parse, ask the session directory and the ledger, answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action
from provider_adapters._kit.callbacks import (
    Call,
    DialectCallbacks,
    Opened,
    ProblemError,
    Routes,
    available,
    not_swapped,
    parse_json,
)
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import AdapterParts, Problem
from provider_adapters._kit.strict_json import write_exact
from provider_adapters.evolution_style import auth, mapping, wire
from provider_adapters.evolution_style.config import Config
from provider_adapters.evolution_style.errors import CREDITS, HTTP_STATUS, OUTCOMES, PROBLEMS, Code


class Callbacks(DialectCallbacks):
    """The six callbacks."""

    def __init__(self, config: Config, parts: AdapterParts) -> None:
        super().__init__(wallet=parts.wallet, sessions=parts.sessions, security=parts.security)
        self._config = config

    def routes(self) -> Routes:
        """See `DialectCallbacks`."""
        return {
            "/check": (wire.Check, self._check),
            "/balance": (wire.Balance, self._balance),
            "/debit": (wire.Money, self._debit),
            "/credit": (wire.Money, self._credit),
            "/cancel": (wire.Money, self._cancel),
            "/promo_payout": (wire.PromoPayout, self._promo),
        }

    async def open(self, request: HttpRequest) -> Opened:
        """See `DialectCallbacks`."""
        self.must_be_post(request)
        if not request.query:
            raise ProblemError(Problem.SIGNATURE_INVALID, event="signature_missing")
        if not auth.verify(self._config.auth_tokens, request.query):
            raise ProblemError(Problem.SIGNATURE_INVALID)
        content = parse_json(request)
        return Opened(call=request.path, fields=content, echo=content.get("uuid"))

    def problem(self, problem: Problem, echo: object = None) -> HttpReply:
        """See `DialectCallbacks`."""
        return refuse(problem, echo)

    def outcome(self, outcome: Outcome.ValueType, call: Call) -> HttpReply:
        """See `DialectCallbacks`."""
        return write(mapping.reply(_codes(call)[outcome], call.echo))

    async def _check(self, message: wire.Check, call: Call) -> HttpReply:
        await self.session(message.sid, message.userId, call)
        facts = await self.swapped(message.sid, call, key=message.uuid)
        return write({"status": Code.OK, "sid": facts.token, "uuid": message.uuid})

    async def _balance(self, message: wire.Balance, call: Call) -> HttpReply:
        facts = not_swapped(await self.session(message.sid, message.userId, call))
        return write(mapping.reply(Code.OK, call.echo, await self.balances(facts.player, facts.currency_code, call)))

    async def _debit(self, message: wire.Money, call: Call) -> HttpReply:
        facts = await self.session(message.sid, message.userId, call)
        return await self._execute(message, mapping.bet_action(message, facts.session_id), call)

    async def _credit(self, message: wire.Money, call: Call) -> HttpReply:
        return await self._execute(message, mapping.win_action(message, self.noted(message.sid, message.userId)), call)

    async def _cancel(self, message: wire.Money, call: Call) -> HttpReply:
        noted = self.noted(message.sid, message.userId)
        return await self._execute(message, mapping.cancel_action(message, noted), call)

    async def _promo(self, message: wire.PromoPayout, call: Call) -> HttpReply:
        return await self._execute(
            message, mapping.promo_action(message, self.noted(message.sid, message.userId)), call
        )

    async def _execute(self, message: wire.Money | wire.PromoPayout, action: Action, call: Call) -> HttpReply:
        result = await self.execute(message.userId, action, call)
        return write(mapping.reply(_codes(call)[result.outcome], call.echo, available(result)))


def _codes(call: Call) -> Mapping[Outcome.ValueType, Code]:
    return CREDITS if call.name in {"/credit", "/cancel", "/promo_payout"} else OUTCOMES


def refuse(problem: Problem, uuid: object = "") -> HttpReply:
    """The provider's way to say a problem."""
    return write(mapping.reply(PROBLEMS[problem], uuid), HTTP_STATUS.get(problem, 200))


def write(content: Mapping[str, Any], http_status: int = 200) -> HttpReply:
    """The reply as JSON, numbers with all their decimals."""
    return HttpReply(status=http_status, body=write_exact(content), code=content["status"])
