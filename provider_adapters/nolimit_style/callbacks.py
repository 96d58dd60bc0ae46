"""What the provider asks us: parse, verify, ask the session directory and the ledger, answer.

Here the key is inside the message, so it is parsed first: strictly, bounded, and nothing of it is used before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action
from provider_adapters._kit import json_rpc
from provider_adapters._kit.callbacks import (
    Call,
    DialectCallbacks,
    Opened,
    OutcomeError,
    ProblemError,
    Routes,
    available,
    must_be,
)
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.json_rpc import RpcError
from provider_adapters._kit.ports import AdapterParts, Problem, SessionFacts
from provider_adapters.nolimit_style import auth, mapping, wire
from provider_adapters.nolimit_style.amounts import shown
from provider_adapters.nolimit_style.config import Config
from provider_adapters.nolimit_style.errors import CREDITS, HTTP_STATUS, MESSAGES, OUTCOMES, PROBLEMS, Code

PATH = "/"
_RPC_PROBLEMS = {
    json_rpc.PARSE_ERROR: Problem.NOT_PARSEABLE,
    json_rpc.INVALID_REQUEST: Problem.TOO_LARGE,
    json_rpc.INVALID_PARAMS: Problem.FIELD_INVALID,
}
_CREDITS = frozenset({"wallet.deposit", "wallet.rollback"})
_MOST_PLAYERS = 50


class Callbacks(DialectCallbacks):
    """The six methods."""

    def __init__(self, config: Config, parts: AdapterParts) -> None:
        super().__init__(wallet=parts.wallet, sessions=parts.sessions, security=parts.security)
        self._config = config

    def routes(self) -> Routes:
        """See `DialectCallbacks`."""
        return {
            "wallet.validate-token": (wire.ValidateToken, self._validate),
            "wallet.balance": (wire.Balance, self._balance),
            "wallet.withdraw": (wire.Withdraw, self._withdraw),
            "wallet.deposit": (wire.Deposit, self._deposit),
            "wallet.rollback": (wire.Rollback, self._rollback),
            "wallet.keep-alive": (wire.KeepAlive, self._keep_alive),
        }

    async def open(self, request: HttpRequest) -> Opened:
        """See `DialectCallbacks`."""
        self.must_be_post_to(PATH, request)
        must_be(request, "application/json")
        try:
            call = json_rpc.parse_call(request.body)
        except RpcError as error:
            raise ProblemError(_RPC_PROBLEMS[error.code], echo=error.call_id) from error
        if not auth.verify(call.params.get(auth.FIELD), self._config.operator, self._config.keys):
            missing = auth.FIELD not in call.params
            event = "signature_missing" if missing else "signature_invalid"
            raise ProblemError(Problem.SIGNATURE_INVALID, event=event, echo=call.call_id)
        return Opened(call=call.method, fields=call.params, echo=call.call_id)

    def problem(self, problem: Problem, echo: object = None) -> HttpReply:
        """See `DialectCallbacks`."""
        return refuse(problem, echo)

    def outcome(self, outcome: Outcome.ValueType, call: Call) -> HttpReply:
        """See `DialectCallbacks`."""
        return refused(_codes(call)[outcome], call.echo)

    async def _validate(self, message: wire.ValidateToken, call: Call) -> HttpReply:
        facts = await self.session_of(message.token, call)
        return told(
            call,
            userId=str(facts.player),
            username=facts.player.player_id,
            balance=await self._shown(facts, call),
        )

    async def _balance(self, message: wire.Balance, call: Call) -> HttpReply:
        if message.userId is not None:
            facts = await self._session(message.userId, message.extId1, call)
            return told(call, balance=await self._shown(facts, call))
        names = message.userIds or []
        if not 0 < len(names) <= _MOST_PLAYERS:
            raise ProblemError(Problem.FIELD_INVALID)
        found = {name: await self._shown(await self.newest_session(name, call), call) for name in names}
        return told(call, balances=found)

    async def _withdraw(self, message: wire.Withdraw, call: Call) -> HttpReply:
        facts = await self._session(message.userId, message.extId1, call)
        # A promotional stake taken as a paid one would charge the player for a present.
        make = mapping.free_bet_action if message.promoName else mapping.bet_action
        return await self._execute(message.userId, make(message, facts.session_id), call)

    async def _deposit(self, message: wire.Deposit, call: Call) -> HttpReply:
        noted = self.noted(message.extId1 or "", message.userId)
        make = mapping.free_spin_action if message.promoName else mapping.win_action
        return await self._execute(message.userId, make(message, noted), call)

    async def _rollback(self, message: wire.Rollback, call: Call) -> HttpReply:
        noted = self.noted(message.extId1 or "", message.userId)
        return await self._execute(message.userId, mapping.cancel_action(message, noted), call)

    async def _keep_alive(self, message: wire.KeepAlive, call: Call) -> HttpReply:  # noqa: ARG002 - a handler's signature
        return told(call)

    async def _session(self, name: str, token: str | None, call: Call) -> SessionFacts:
        return await (self.session(token, name, call) if token else self.newest_session(name, call))

    async def _shown(self, facts: SessionFacts, call: Call) -> dict[str, str]:
        return shown((await self.balances(facts.player, facts.currency_code, call)).available)

    async def _execute(self, name: str, action: Action, call: Call) -> HttpReply:
        result = await self.execute(name, action, call)
        code, balances = _codes(call)[result.outcome], available(result)
        if code is not Code.OK:
            return refused(code, call.echo)
        if balances is None:
            raise OutcomeError(Outcome.OUTCOME_UNKNOWN)
        return told(call, balance=shown(balances.available), transactionId=result.transaction_id)


def _codes(call: Call) -> Mapping[Outcome.ValueType, Code]:
    return CREDITS if call.name in _CREDITS else OUTCOMES


def told(call: Call, **content: Any) -> HttpReply:  # noqa: ANN401 - any JSON
    """A result."""
    return HttpReply(body=json_rpc.result(_id(call.echo), content), code=str(int(Code.OK)))


def refuse(problem: Problem, echo: object = None) -> HttpReply:
    """The provider's way to say a problem."""
    return refused(PROBLEMS[problem], echo, HTTP_STATUS.get(problem, 200))


def refused(code: Code, echo: object, http_status: int = 200) -> HttpReply:
    """An error: of the call itself, or of what it asked for."""
    if code < 0:
        body = json_rpc.error(_id(echo), code)
    else:
        body = json_rpc.error(_id(echo), json_rpc.SERVER_ERROR, {"code": int(code), "message": MESSAGES[code]})
    return HttpReply(status=http_status, body=body, code=str(int(code)))


def _id(echo: object) -> str | int | None:
    return echo if isinstance(echo, str | int) else None
