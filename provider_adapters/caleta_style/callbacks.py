"""What the provider asks us: verify, parse, ask the session directory and the ledger, answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action
from provider_adapters._kit.callbacks import (
    Call,
    DialectCallbacks,
    Opened,
    Routes,
    available,
    not_swapped,
    parse_json,
)
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import AdapterParts, Problem
from provider_adapters._kit.rsa_signatures import Keys, verified
from provider_adapters.caleta_style import auth, mapping, wire
from provider_adapters.caleta_style.errors import CREDITS, OUTCOMES, PROBLEMS, Code

_HTTP = {Problem.PATH_UNKNOWN: 404, Problem.METHOD_UNKNOWN: 405, Problem.TOO_LARGE: 413}
_STAKES = "/wallet/bet"


class Callbacks(DialectCallbacks):
    """The five callbacks."""

    def __init__(self, keys: Keys, parts: AdapterParts) -> None:
        super().__init__(wallet=parts.wallet, sessions=parts.sessions, security=parts.security)
        self._keys = keys

    def routes(self) -> Routes:
        """See `DialectCallbacks`."""
        return {
            "/wallet/check": (wire.Check, self._check),
            "/wallet/balance": (wire.Balance, self._balance),
            _STAKES: (wire.Bet, self._bet),
            "/wallet/win": (wire.Win, self._win),
            "/wallet/rollback": (wire.Rollback, self._rollback),
        }

    async def open(self, request: HttpRequest) -> Opened:
        """See `DialectCallbacks`. Nothing unverified is read, so a bad signature gets no request id back."""
        self.must_be_post(request)
        verified(self._keys, auth.HEADER, request)
        content = parse_json(request)
        return Opened(call=request.path, fields=content, echo=content.get("request_uuid"))

    def problem(self, problem: Problem, echo: object = None) -> HttpReply:
        """See `DialectCallbacks`."""
        return refuse(problem, echo)

    def outcome(self, outcome: Outcome.ValueType, call: Call) -> HttpReply:
        """See `DialectCallbacks`."""
        return write(mapping.reply(_codes(call)[outcome], call.echo))

    async def _check(self, message: wire.Check, call: Call) -> HttpReply:
        facts = await self.swapped(message.token, call)
        return write({**mapping.reply(Code.OK, call.echo, str(facts.player)), "token": facts.token})

    async def _balance(self, message: wire.Balance, call: Call) -> HttpReply:
        facts = not_swapped(await self.session_of(message.token, call))
        user = message.user or str(facts.player)
        if user != str(facts.player):
            return self.outcome(Outcome.OUTCOME_SESSION_INVALID, call)
        found = await self.balances(facts.player, facts.currency_code, call)
        return write(mapping.reply(Code.OK, call.echo, user, found))

    async def _bet(self, message: wire.Bet, call: Call) -> HttpReply:
        facts = await self.session_of(message.token, call)
        user = message.user or str(facts.player)
        if user != str(facts.player):
            return self.outcome(Outcome.OUTCOME_SESSION_INVALID, call)
        # A free bet taken as a paid one would charge the player for a present.
        make = mapping.free_bet_action if message.is_free else mapping.bet_action
        return await self._execute(user, make(message, facts.session_id), call)

    async def _win(self, message: wire.Win, call: Call) -> HttpReply:
        user = await self._owner(message, call)
        make = mapping.free_win_action if message.is_free else mapping.win_action
        return await self._execute(user, make(message, self.noted(message.token, user)), call)

    async def _rollback(self, message: wire.Rollback, call: Call) -> HttpReply:
        user = await self._owner(message, call)
        return await self._execute(user, mapping.cancel_action(message, self.noted(message.token, user)), call)

    async def _owner(self, message: wire.Win | wire.Rollback, call: Call) -> str:
        """Whose message it is. A message that does not say so belongs to the player of its token, ended or not."""
        return message.user or str((await self.session_of(message.token, call)).player)

    async def _execute(self, user: str, action: Action, call: Call) -> HttpReply:
        result = await self.execute(user, action, call)
        return write(mapping.reply(_codes(call)[result.outcome], call.echo, user, available(result)))


def _codes(call: Call) -> Mapping[Outcome.ValueType, Code]:
    return CREDITS if call.name in {"/wallet/win", "/wallet/rollback"} else OUTCOMES


def refuse(problem: Problem, request_uuid: object = "") -> HttpReply:
    """The provider's way to say a problem."""
    return write(mapping.reply(PROBLEMS[problem], request_uuid), _HTTP.get(problem, 200))


def write(content: dict[str, Any], http_status: int = 200) -> HttpReply:
    """The reply as JSON."""
    return HttpReply(status=http_status, body=orjson.dumps(content), code=content["status"])
