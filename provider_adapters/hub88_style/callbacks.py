"""What the provider asks us: verify, parse, ask the session directory and the ledger, answer."""

from __future__ import annotations

import dataclasses
import json

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action
from provider_adapters._kit.callbacks import Call, DialectCallbacks, Opened, ProblemError, Routes, parse_json
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Problem, SecurityLog, Sessions, Wallet
from provider_adapters._kit.rsa_signatures import verified
from provider_adapters.hub88_style import auth, mapping, wire
from provider_adapters.hub88_style.config import Keys
from provider_adapters.hub88_style.errors import OUTCOMES, PROBLEMS, Status

_HTTP = {Problem.PATH_UNKNOWN: 404, Problem.METHOD_UNKNOWN: 405, Problem.TOO_LARGE: 413}
_REPLY_FIELDS = tuple(field.name for field in dataclasses.fields(wire.Reply))


class Callbacks(DialectCallbacks):
    """The five callbacks."""

    def __init__(self, *, keys: Keys, wallet: Wallet, sessions: Sessions, security: SecurityLog) -> None:
        super().__init__(wallet=wallet, sessions=sessions, security=security)
        self._keys = keys

    def routes(self) -> Routes:
        """See `DialectCallbacks`."""
        return {
            "/user/info": (wire.UserInfo, self._info),
            "/user/balance": (wire.UserBalance, self._balance),
            "/transaction/bet": (wire.Bet, self._bet),
            "/transaction/win": (wire.Win, self._win),
            "/transaction/rollback": (wire.Rollback, self._rollback),
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
        return _refused(OUTCOMES[outcome], call.echo)

    async def _info(self, message: wire.UserInfo, call: Call) -> HttpReply:
        if message.token:
            facts = await self.session(message.token, message.user, call)
        else:
            facts = await self.newest_session(message.user, call)
        return write(mapping.info_reply(message, facts))

    async def _balance(self, message: wire.UserBalance, call: Call) -> HttpReply:
        facts = await self.session(message.token, message.user, call)
        return write(mapping.balance_reply(message, await self.balances(facts.player, facts.currency_code, call)))

    async def _bet(self, message: wire.Bet, call: Call) -> HttpReply:
        facts = await self.session(message.token, message.user, call)
        # A free bet taken as a paid one would charge the player for a present.
        make = mapping.free_bet_action if message.is_free else mapping.bet_action
        return await self._execute(message, make(message, facts.session_id), call)

    async def _win(self, message: wire.Win, call: Call) -> HttpReply:
        noted = self.noted(message.token, message.user)
        if message.is_supplier_promo:
            return await self._execute(message, mapping.promo_action(message, noted), call)
        if message.is_free:
            return await self._execute(message, mapping.free_win_action(message, noted), call)
        if not message.reference_transaction_uuid:
            raise ProblemError(Problem.NOT_SUPPORTED)
        return await self._execute(message, mapping.win_action(message, noted), call)

    async def _rollback(self, message: wire.Rollback, call: Call) -> HttpReply:
        noted = self.noted(message.token, message.user)
        return await self._execute(message, mapping.cancel_action(message, noted), call)

    async def _execute(self, message: wire.Bet | wire.Win | wire.Rollback, action: Action, call: Call) -> HttpReply:
        return write(mapping.result_reply(message, await self.execute(message.user, action, call)))


def refuse(problem: Problem, request_uuid: object = "") -> HttpReply:
    """The provider's way to say a problem."""
    return _refused(PROBLEMS[problem], request_uuid, http_status=_HTTP.get(problem, 200))


def _refused(status: Status, request_uuid: object, *, http_status: int = 200) -> HttpReply:
    echoed = request_uuid if isinstance(request_uuid, str) else ""
    return write(wire.Reply(status=status, request_uuid=echoed), http_status=http_status)


def write(reply: wire.Reply, *, http_status: int = 200) -> HttpReply:
    """The reply as JSON, without what is not there."""
    content = {name: value for name in _REPLY_FIELDS if (value := getattr(reply, name)) is not None}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return HttpReply(status=http_status, body=body, code=str(reply.status))
