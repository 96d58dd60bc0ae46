"""What the provider asks us: verify, parse, ask the session directory and the ledger, answer."""

from __future__ import annotations

import json
from typing import Any

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action
from provider_adapters._kit.callbacks import Call, DialectCallbacks, Opened, ProblemError, Routes, parse_json
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import AdapterParts, Problem
from provider_adapters.acme_slots import auth, mapping, wire
from provider_adapters.acme_slots.config import Config
from provider_adapters.acme_slots.errors import OUTCOMES, PROBLEMS, Code


class Callbacks(DialectCallbacks):
    """The four callbacks."""

    def __init__(self, config: Config, parts: AdapterParts) -> None:
        super().__init__(wallet=parts.wallet, sessions=parts.sessions, security=parts.security)
        self._config = config

    def routes(self) -> Routes:
        """See `DialectCallbacks`."""
        return {
            "/balance": (wire.Balance, self._balance),
            "/bet": (wire.Bet, self._bet),
            "/win": (wire.Win, self._win),
            "/cancel": (wire.Cancel, self._cancel),
        }

    async def open(self, request: HttpRequest) -> Opened:
        """See `DialectCallbacks`."""
        self.must_be_post(request)
        if not auth.verify(self._config.secrets, request.body, request.headers.get(auth.HEADER.lower(), "")):
            raise ProblemError(Problem.SIGNATURE_INVALID)
        return Opened(call=request.path, fields=parse_json(request))

    def problem(self, problem: Problem, echo: object = None) -> HttpReply:  # noqa: ARG002 - here answers repeat nothing
        """See `DialectCallbacks`."""
        return refuse(problem)

    def outcome(self, outcome: Outcome.ValueType, call: Call) -> HttpReply:  # noqa: ARG002 - as above
        """See `DialectCallbacks`."""
        return write(mapping.reply(OUTCOMES[outcome]))

    async def _balance(self, message: wire.Balance, call: Call) -> HttpReply:
        facts = await self.session(message.token, message.player, call)
        return write(mapping.reply(Code.OK, await self.balances(facts.player, facts.currency_code, call)))

    async def _bet(self, message: wire.Bet, call: Call) -> HttpReply:
        facts = await self.session(message.token, message.player, call)
        return await self._execute(message.player, mapping.bet_action(message, facts.session_id), call)

    async def _win(self, message: wire.Win, call: Call) -> HttpReply:
        noted = self.noted(message.token, message.player)
        return await self._execute(message.player, mapping.win_action(message, noted), call)

    async def _cancel(self, message: wire.Cancel, call: Call) -> HttpReply:
        noted = self.noted(message.token, message.player)
        return await self._execute(message.player, mapping.cancel_action(message, noted), call)

    async def _execute(self, name: str, action: Action, call: Call) -> HttpReply:
        return write(mapping.result_reply(await self.execute(name, action, call)))


def refuse(problem: Problem) -> HttpReply:
    """The provider's way to say a problem."""
    return write(mapping.reply(PROBLEMS[problem]))


def write(content: dict[str, Any]) -> HttpReply:
    """The reply as JSON."""
    return HttpReply(body=json.dumps(content).encode(), code=content["code"])
