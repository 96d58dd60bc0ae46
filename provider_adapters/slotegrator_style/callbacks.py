"""What the provider asks us: verify, parse, ask the session directory and the ledger, answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action
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
from provider_adapters._kit.ports import AdapterParts, Problem
from provider_adapters._kit.strict_json import NotParseableError, write_exact
from provider_adapters.slotegrator_style import auth, mapping, wire
from provider_adapters.slotegrator_style.config import Config
from provider_adapters.slotegrator_style.errors import CREDITS, HTTP_STATUS, OUTCOMES, PROBLEMS, Code

PATH = "/"
FRESH_S: Final = 30
"""A timestamp that is further away, in either direction, is refused."""
_CREDITS = frozenset({"win", "refund", "rollback"})
_BETS: Final[Mapping[str, Callable[[wire.Bet, str], Action]]] = {
    "bet": mapping.bet_action,
    mapping.TIP: mapping.tip_action,
    mapping.FREE_SPIN: mapping.free_bet_action,
}
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_NONCE = re.compile(r"[!-~]{8,128}", re.ASCII)


class Callbacks(DialectCallbacks):
    """The actions."""

    def __init__(self, config: Config, parts: AdapterParts, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(wallet=parts.wallet, sessions=parts.sessions, security=parts.security)
        self._config = config
        self._nonces = parts.nonces
        self._clock = clock

    def routes(self) -> Routes:
        """See `DialectCallbacks`."""
        return {
            "balance": (wire.Balance, self._balance),
            "bet": (wire.Bet, self._bet),
            "win": (wire.Win, self._win),
            "refund": (wire.Refund, self._refund),
            "rollback": (wire.Rollback, self._rollback),
        }

    async def open(self, request: HttpRequest) -> Opened:
        """See `DialectCallbacks`. Only the pairs of the form are told apart before the signature is checked."""
        self.must_be_post_to(PATH, request)
        must_be(request, "application/x-www-form-urlencoded")
        try:
            parameters = auth.parse(request.body)
        except NotParseableError as error:
            raise ProblemError(Problem.NOT_PARSEABLE) from error
        await self._verify(request, parameters)
        call = parameters.get("action", "")
        items = {"items": mapping.listed(parameters)} if call == "rollback" else {}
        return Opened(call=call, fields={**parameters, **items})

    async def _verify(self, request: HttpRequest, parameters: Mapping[str, str]) -> None:
        headers = {name: request.headers.get(name.lower(), "") for name in auth.SIGNED_HEADERS}
        given = request.headers.get(auth.SIGN.lower(), "")
        if not given or not all(headers.values()):
            raise ProblemError(Problem.SIGNATURE_INVALID, event="signature_missing")
        if not auth.verify(self._config.merchant_keys, parameters, headers, given):
            raise ProblemError(Problem.SIGNATURE_INVALID)
        if headers[auth.MERCHANT] != self._config.merchant_id:
            raise ProblemError(Problem.CALLER_FORBIDDEN)
        # From here on the message is the provider's. Somebody who listened may still have sent it once more.
        if not self._is_fresh(headers[auth.TIMESTAMP]):
            raise ProblemError(Problem.SIGNATURE_INVALID, event="timestamp_stale")
        nonce = headers[auth.NONCE]
        if not _NONCE.fullmatch(nonce) or not await self._nonces.is_new(nonce):
            raise ProblemError(Problem.SIGNATURE_INVALID, event="nonce_repeated")

    def _is_fresh(self, timestamp: str) -> bool:
        return bool(_TIMESTAMP.fullmatch(timestamp)) and abs(self._clock() - int(timestamp)) <= FRESH_S

    def problem(self, problem: Problem, echo: object = None) -> HttpReply:  # noqa: ARG002 - here answers repeat nothing
        """See `DialectCallbacks`."""
        return refuse(problem)

    def outcome(self, outcome: Outcome.ValueType, call: Call) -> HttpReply:
        """See `DialectCallbacks`."""
        return refused(_codes(call)[outcome], _word(outcome))

    async def _balance(self, message: wire.Balance, call: Call) -> HttpReply:
        if message.session_id:
            facts = await self.session(message.session_id, message.player_id, call)
        else:
            facts = await self.newest_session(message.player_id, call)
        return write(mapping.balance_reply(await self.balances(facts.player, message.currency, call)))

    async def _bet(self, message: wire.Bet, call: Call) -> HttpReply:
        make = _BETS.get(message.type)
        if make is None:
            raise ProblemError(Problem.NOT_SUPPORTED)
        facts = await self.session(message.session_id, message.player_id, call)
        return await self._execute(message.player_id, make(message, facts.session_id), call)

    async def _win(self, message: wire.Win, call: Call) -> HttpReply:
        noted = self.noted(message.session_id or "", message.player_id)
        make = mapping.win_action if message.type == "win" else mapping.gift_action
        action = make(message, noted)
        if action is None:
            raise ProblemError(Problem.NOT_SUPPORTED)
        return await self._execute(message.player_id, action, call)

    async def _refund(self, message: wire.Refund, call: Call) -> HttpReply:
        if message.type not in {"bet", mapping.TIP, mapping.FREE_SPIN}:
            raise ProblemError(Problem.NOT_SUPPORTED)
        noted = self.noted(message.session_id or "", message.player_id)
        return await self._execute(message.player_id, mapping.cancel_action(message, noted), call)

    async def _rollback(self, message: wire.Rollback, call: Call) -> HttpReply:
        undone = [item["transaction_id"] for item in message.items if "transaction_id" in item]
        return await self._execute(
            message.player_id, mapping.rollback_action(message), call, {"rollback_transactions": undone}
        )

    async def _execute(self, name: str, action: Action, call: Call, more: Mapping[str, Any] | None = None) -> HttpReply:
        result = await self.execute(name, action, call)
        code, balances = _codes(call)[result.outcome], available(result)
        if code is not Code.OK:
            return refused(code, _word(result.outcome))
        if balances is None:
            raise OutcomeError(Outcome.OUTCOME_UNKNOWN)
        return write({**mapping.money_reply(balances, result.transaction_id), **(more or {})})


def _codes(call: Call) -> Mapping[Outcome.ValueType, Code]:
    return CREDITS if call.name in _CREDITS else OUTCOMES


def _word(outcome: Outcome.ValueType) -> str:
    return Outcome.Name(outcome).removeprefix("OUTCOME_")


def refuse(problem: Problem) -> HttpReply:
    """The provider's way to say a problem."""
    return refused(PROBLEMS[problem], problem.name, HTTP_STATUS.get(problem, 200))


def refused(code: Code, word: str, http_status: int = 200) -> HttpReply:
    """An error. The description begins with our own word for it."""
    return write(
        {"error_code": code, "error_description": f"{word}: the request was not carried out"}, code, http_status
    )


def write(content: Mapping[str, Any], code: Code = Code.OK, http_status: int = 200) -> HttpReply:
    """The reply as JSON, numbers with all their decimals."""
    return HttpReply(status=http_status, body=write_exact(content), code=code)
