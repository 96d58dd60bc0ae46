"""What the provider asks us: parse, verify, ask the session directory and the ledger, answer.

Here the secret is inside the message, so it is parsed first: without document types and entities, bounded, and
nothing of it is used before.
"""

from __future__ import annotations

from collections.abc import Mapping

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action
from provider_adapters._kit import strict_xml
from provider_adapters._kit.callbacks import (
    Call,
    DialectCallbacks,
    Opened,
    OutcomeError,
    ProblemError,
    Routes,
    available,
    must_be,
    not_swapped,
)
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import AdapterParts, Problem
from provider_adapters._kit.strict_json import NotParseableError
from provider_adapters.playngo_style import auth, mapping, wire
from provider_adapters.playngo_style.config import Config
from provider_adapters.playngo_style.errors import CREDITS, HTTP_STATUS, OUTCOMES, PROBLEMS, Code

PATH = "/"
_CREDITS = frozenset({"release", "cancelReserve"})
_NO_ROOT = "error"


class Callbacks(DialectCallbacks):
    """The five calls."""

    def __init__(self, config: Config, parts: AdapterParts) -> None:
        super().__init__(wallet=parts.wallet, sessions=parts.sessions, security=parts.security)
        self._config = config

    def routes(self) -> Routes:
        """See `DialectCallbacks`."""
        return {
            "authenticate": (wire.Authenticate, self._authenticate),
            "balance": (wire.Balance, self._balance),
            "reserve": (wire.Reserve, self._reserve),
            "release": (wire.Release, self._release),
            "cancelReserve": (wire.CancelReserve, self._cancel),
        }

    async def open(self, request: HttpRequest) -> Opened:
        """See `DialectCallbacks`."""
        self.must_be_post_to(PATH, request)
        must_be(request, "application/xml", "text/xml")
        try:
            root, fields = strict_xml.parse(request.body)
        except NotParseableError as error:
            raise ProblemError(Problem.NOT_PARSEABLE) from error
        known = root if root in self._routes else _NO_ROOT
        if not auth.verify(fields.get(auth.FIELD), self._config.access_tokens):
            event = "signature_invalid" if fields.get(auth.FIELD) else "signature_missing"
            raise ProblemError(Problem.SIGNATURE_INVALID, event=event, echo=known)
        # An element that is there and empty says as much as one that is not there.
        return Opened(call=root, fields={name: text for name, text in fields.items() if text}, echo=known)

    def problem(self, problem: Problem, echo: object = None) -> HttpReply:
        """See `DialectCallbacks`."""
        return refuse(problem, echo)

    def outcome(self, outcome: Outcome.ValueType, call: Call) -> HttpReply:
        """See `DialectCallbacks`."""
        return write(call.echo, _codes(call)[outcome])

    async def _authenticate(self, message: wire.Authenticate, call: Call) -> HttpReply:
        facts = await self.swapped(message.username, call)
        found = await self.balances(facts.player, facts.currency_code, call)
        return write(call.echo, Code.OK, mapping.player_reply(facts, found))

    async def _balance(self, message: wire.Balance, call: Call) -> HttpReply:
        if message.externalGameSessionId:
            facts = not_swapped(await self.session(message.externalGameSessionId, message.externalId, call))
        else:
            facts = await self.newest_session(message.externalId, call)
        found = await self.balances(facts.player, facts.currency_code, call)
        return write(call.echo, Code.OK, mapping.balance_reply(found))

    async def _reserve(self, message: wire.Reserve, call: Call) -> HttpReply:
        facts = await self.session(message.externalGameSessionId, message.externalId, call)
        make = mapping.free_bet_action if message.freegameExternalId else mapping.bet_action
        return await self._execute(message.externalId, make(message, facts.session_id), call)

    async def _release(self, message: wire.Release, call: Call) -> HttpReply:
        noted = self.noted(message.externalGameSessionId or "", message.externalId)
        return await self._execute(message.externalId, mapping.release_action(message, noted), call)

    async def _cancel(self, message: wire.CancelReserve, call: Call) -> HttpReply:
        noted = self.noted(message.externalGameSessionId or "", message.externalId)
        return await self._execute(message.externalId, mapping.cancel_action(message, noted), call)

    async def _execute(self, name: str, action: Action, call: Call) -> HttpReply:
        result = await self.execute(name, action, call)
        code, balances = _codes(call)[result.outcome], available(result)
        if code is not Code.OK:
            return write(call.echo, code)
        if balances is None:
            raise OutcomeError(Outcome.OUTCOME_UNKNOWN)
        if result.outcome == Outcome.OUTCOME_TOMBSTONED:
            result.transaction_id = ""
        return write(call.echo, Code.OK, mapping.money_reply(result, balances))


def _codes(call: Call) -> Mapping[Outcome.ValueType, Code]:
    return CREDITS if call.name in _CREDITS else OUTCOMES


def refuse(problem: Problem, root: object = None) -> HttpReply:
    """The provider's way to say a problem."""
    return write(root, PROBLEMS[problem], http_status=HTTP_STATUS.get(problem, 200))


def write(root: object, code: Code, fields: Mapping[str, str] | None = None, *, http_status: int = 200) -> HttpReply:
    """The reply under the name of the call. On a refusal there are only the two elements of the status."""
    name = root if isinstance(root, str) else _NO_ROOT
    body = strict_xml.write(name, {**(fields or {}), **mapping.status(code, code.name)})
    return HttpReply(status=http_status, body=body, content_type="application/xml", code=str(int(code)))
