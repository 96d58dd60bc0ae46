"""What the provider asks us: verify, parse, ask the session directory and the ledger, answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Result
from provider_adapters._kit.callbacks import (
    Call,
    DialectCallbacks,
    Opened,
    OutcomeError,
    ProblemError,
    Routes,
    available,
    parse_json,
    player_named,
)
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import AdapterParts, Problem, SessionFacts
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.rounds import RoundCurrencies
from provider_adapters._kit.strict_form import decode, parse_pairs
from provider_adapters._kit.strict_json import NotParseableError
from provider_adapters.swipegames_style import auth, mapping, wire
from provider_adapters.swipegames_style.amounts import shown
from provider_adapters.swipegames_style.config import Config
from provider_adapters.swipegames_style.errors import CREDITS, HTTP_STATUS, LIMITS, OUTCOMES, PROBLEMS, Code

BALANCE = "/balance"
_CREDITS = frozenset({"/win", "/refund"})


class Callbacks(DialectCallbacks):
    """The four callbacks."""

    def __init__(self, config: Config, parts: AdapterParts) -> None:
        super().__init__(wallet=parts.wallet, sessions=parts.sessions, security=parts.security)
        self._config = config
        self._rounds = RoundCurrencies()

    def routes(self) -> Routes:
        """See `DialectCallbacks`."""
        return {
            BALANCE: (wire.Balance, self._balance),
            "/bet": (wire.Move, self._bet),
            "/win": (wire.Move, self._win),
            "/refund": (wire.Refund, self._refund),
        }

    async def open(self, request: HttpRequest) -> Opened:
        """See `DialectCallbacks`."""
        if request.path == BALANCE:
            return self._opened_query(request)
        self.must_be_post(request)
        self._verify(request, request.body)
        return Opened(call=request.path, fields=parse_json(request))

    def _opened_query(self, request: HttpRequest) -> Opened:
        if request.method != "GET":
            raise ProblemError(Problem.METHOD_UNKNOWN)
        try:
            fields = decode(parse_pairs(request.query))
        except NotParseableError as error:
            raise ProblemError(Problem.NOT_PARSEABLE) from error
        self._verify(request, auth.canonical(fields))
        return Opened(call=BALANCE, fields=fields)

    def _verify(self, request: HttpRequest, message: bytes) -> None:
        given = request.headers.get(auth.HEADER.lower(), "")
        if not given:
            raise ProblemError(Problem.SIGNATURE_INVALID, event="signature_missing")
        if not auth.verify(self._config.integration_keys, message, given):
            raise ProblemError(Problem.SIGNATURE_INVALID)

    def problem(self, problem: Problem, echo: object = None) -> HttpReply:  # noqa: ARG002 - here answers repeat nothing
        """See `DialectCallbacks`."""
        return refuse(problem)

    def outcome(self, outcome: Outcome.ValueType, call: Call) -> HttpReply:
        """See `DialectCallbacks`."""
        return refused(_codes(call)[outcome])

    async def _balance(self, message: wire.Balance, call: Call) -> HttpReply:
        facts = await self._session(message.sessionID, call)
        found = await self.balances(facts.player, facts.currency_code, call)
        return write({"balance": shown(found.available)})

    async def _bet(self, message: wire.Move, call: Call) -> HttpReply:
        facts = await self._session(message.sessionID, call)
        if _is_free(message):
            return await self._free(message, facts, call, is_win=False)
        if message.frID:
            # A free bet taken as a paid one would charge the player for a present.
            raise ProblemError(Problem.FIELD_INVALID)
        action = mapping.bet_action(
            message, currency_code=facts.currency_code, game_id=facts.game_id, session_id=facts.session_id
        )
        result = await self.execute(str(facts.player), action, call)
        if result.outcome == Outcome.OUTCOME_OK:
            self._rounds.put(facts.player, message.roundID, facts.currency_code)
        return self._told(result, call)

    async def _win(self, message: wire.Move, call: Call) -> HttpReply:
        if _is_free(message) or message.frID:
            # Free rounds have no bet to learn the currency from; a session that has ended is found too.
            return await self._free(message, await self._session(message.sessionID, call), call, is_win=True)
        token, name = mapping.session_parts(message.sessionID)
        currency_code = await self._currency(player_named(name), message.roundID, call)
        action = mapping.win_action(message, currency_code=currency_code, session_id=self.noted(token, name))
        return self._told(await self.execute(name, action, call), call)

    async def _free(self, message: wire.Move, facts: SessionFacts, call: Call, *, is_win: bool) -> HttpReply:
        about = {"currency_code": facts.currency_code, "session_id": facts.session_id}
        if _is_free(message):
            action = mapping.free_spin_action(message, **about, is_win=is_win)
        else:
            action = mapping.free_total_action(message, **about)
        return self._told(await self.execute(str(facts.player), action, call), call)

    async def _refund(self, message: wire.Refund, call: Call) -> HttpReply:
        token, name = mapping.session_parts(message.sessionID)
        action = mapping.cancel_action(message, self.noted(token, name))
        return self._told(await self.execute(name, action, call), call)

    async def _session(self, session_id: str, call: Call) -> SessionFacts:
        token, name = mapping.session_parts(session_id)
        return await self.session(token, name, call)

    async def _currency(self, player: PlayerReference, round_id: str, call: Call) -> str:
        """The currency of a round. The wire says it nowhere, and a win must pass when its session is gone."""
        known = self._rounds.get(player, round_id)
        if known:
            return known
        found = await self._wallet.round_currency(player, round_id, call.budget)
        if isinstance(found, Result):
            raise OutcomeError(found.outcome)
        if found:
            self._rounds.put(player, round_id, found)
            return found
        # No such round: the ledger will refuse the win, and wants some currency of the player to do so.
        return (await self.balances(player, "", call)).available.currency_code

    def _told(self, result: Result, call: Call) -> HttpReply:
        code, balances = _codes(call)[result.outcome], available(result)
        if code is Code.BET_LIMIT:
            code = LIMITS.get(result.limit, code)
        if code is not Code.OK:
            return refused(code)
        if balances is None:
            raise OutcomeError(Outcome.OUTCOME_UNKNOWN)
        return write({"balance": shown(balances.available), "txID": result.transaction_id})


def _is_free(message: wire.Move) -> bool:
    if message.type not in {mapping.REGULAR, mapping.FREE}:
        raise ProblemError(Problem.FIELD_INVALID)
    return message.type == mapping.FREE


def _codes(call: Call) -> Mapping[Outcome.ValueType, Code]:
    return CREDITS if call.name in _CREDITS else OUTCOMES


def refuse(problem: Problem) -> HttpReply:
    """The provider's way to say a problem."""
    return refused(PROBLEMS[problem])


def refused(code: Code) -> HttpReply:
    """An error: its HTTP status decides, its code explains."""
    explained = {} if code.startswith("http_") else {"code": code}
    return write({"message": code.name.lower().replace("_", " "), **explained}, code)


def write(content: Mapping[str, Any], code: Code = Code.OK) -> HttpReply:
    """The reply as JSON."""
    return HttpReply(status=HTTP_STATUS[code], body=orjson.dumps(content), code=code)
