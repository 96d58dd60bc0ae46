"""What the provider asks us: verify, parse, ask the session directory and the ledger, answer."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action, Result
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import Problem, SecurityLog, SessionFacts, Sessions, SessionsDownError, Wallet
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.strict_json import NotParseableError, parse_object
from provider_adapters._kit.typed_json import FieldInvalidError, build
from provider_adapters.hub88_style import auth, mapping, wire
from provider_adapters.hub88_style.config import Keys
from provider_adapters.hub88_style.errors import OUTCOMES, PROBLEMS, Status

_HTTP = {Problem.PATH_UNKNOWN: 404, Problem.METHOD_UNKNOWN: 405, Problem.TOO_LARGE: 413}
_REPLY_FIELDS = tuple(field.name for field in dataclasses.fields(wire.Reply))
_Answer = Callable[[Any, Budget], Awaitable[wire.Reply]]


class RefusedError(Exception):
    """A message that is refused before the ledger is asked."""

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.status = status


class Callbacks:
    """The five callbacks."""

    def __init__(self, *, keys: Keys, wallet: Wallet, sessions: Sessions, security: SecurityLog) -> None:
        self._keys = keys
        self._wallet = wallet
        self._sessions = sessions
        self._security = security
        self._routes: Mapping[str, tuple[type[Any], _Answer]] = {
            "/user/info": (wire.UserInfo, self._info),
            "/user/balance": (wire.UserBalance, self._balance),
            "/transaction/bet": (wire.Bet, self._bet),
            "/transaction/win": (wire.Win, self._win),
            "/transaction/rollback": (wire.Rollback, self._rollback),
        }

    async def answer(self, request: HttpRequest, budget: Budget) -> HttpReply:
        """The reply to one callback."""
        problem = self._problem_before_parsing(request)
        if problem is not None:
            return refuse(problem)
        message_type, handle = self._routes[request.path]
        try:
            content = parse_object(request.body)
        except NotParseableError:
            return refuse(Problem.NOT_PARSEABLE)
        try:
            return write(await handle(build(message_type, content), budget))
        except FieldInvalidError:
            return refuse(Problem.FIELD_INVALID, content.get("request_uuid"))
        except RefusedError as refused:
            return _refused(refused.status, content.get("request_uuid"))

    def _problem_before_parsing(self, request: HttpRequest) -> Problem | None:
        if request.path not in self._routes:
            return Problem.PATH_UNKNOWN
        if request.method != "POST":
            return Problem.METHOD_UNKNOWN
        signature = request.headers.get(auth.HEADER.lower(), "")
        if not signature:
            self._security.report("signature_missing", request)
            return Problem.SIGNATURE_INVALID
        if not auth.verify(self._keys.others, request.body, signature):
            self._security.report("signature_invalid", request)
            return Problem.SIGNATURE_INVALID
        is_json = request.headers.get("content-type", "application/json").startswith("application/json")
        return None if is_json else Problem.NOT_PARSEABLE

    async def _info(self, message: wire.UserInfo, budget: Budget) -> wire.Reply:
        if message.token:
            facts = await self._session(message.token, message.user, budget)
        else:
            facts = await self._newest_session(_player(message.user), budget)
        return mapping.info_reply(message, facts)

    async def _balance(self, message: wire.UserBalance, budget: Budget) -> wire.Reply:
        facts = await self._session(message.token, message.user, budget)
        found = await self._wallet.balance(facts.player, facts.currency_code, budget)
        if isinstance(found, Result):
            raise RefusedError(OUTCOMES[found.outcome])
        return mapping.balance_reply(message, found)

    async def _bet(self, message: wire.Bet, budget: Budget) -> wire.Reply:
        # A free bet taken as a paid one would charge the player for a present.
        if message.is_free:
            raise RefusedError(PROBLEMS[Problem.NOT_SUPPORTED])
        facts = await self._session(message.token, message.user, budget)
        return await self._execute(message, mapping.bet_action(message, facts.session_id), budget)

    async def _win(self, message: wire.Win, budget: Budget) -> wire.Reply:
        if not message.reference_transaction_uuid:
            raise RefusedError(PROBLEMS[Problem.NOT_SUPPORTED])
        return await self._execute(message, mapping.win_action(message, self._for_the_record(message)), budget)

    async def _rollback(self, message: wire.Rollback, budget: Budget) -> wire.Reply:
        return await self._execute(message, mapping.cancel_action(message, self._for_the_record(message)), budget)

    async def _execute(
        self, message: wire.Bet | wire.Win | wire.Rollback, action: Action, budget: Budget
    ) -> wire.Reply:
        result = await self._wallet.execute(_player(message.user), action, budget)
        return mapping.result_reply(message, result)

    async def _session(self, token: str, user: str, budget: Budget) -> SessionFacts:
        try:
            facts = await self._sessions.by_token(token, budget)
        except SessionsDownError:
            raise RefusedError(OUTCOMES[Outcome.OUTCOME_UNAVAILABLE]) from None
        if facts is None or str(facts.player) != user:
            raise RefusedError(OUTCOMES[Outcome.OUTCOME_SESSION_INVALID])
        return facts

    async def _newest_session(self, player: PlayerReference, budget: Budget) -> SessionFacts:
        try:
            facts = await self._sessions.by_player(player, budget)
        except SessionsDownError:
            raise RefusedError(OUTCOMES[Outcome.OUTCOME_UNAVAILABLE]) from None
        if facts is None:
            raise RefusedError(OUTCOMES[Outcome.OUTCOME_PLAYER_NOT_FOUND])
        return facts

    def _for_the_record(self, message: wire.Win | wire.Rollback) -> str:
        """Credits never wait for the session directory: the session is noted only if it is known."""
        facts = self._sessions.known(message.token)
        return facts.session_id if facts and str(facts.player) == message.user else ""


def _player(user: str) -> PlayerReference:
    player = PlayerReference.parse(user)
    if player is None:
        raise RefusedError(OUTCOMES[Outcome.OUTCOME_PLAYER_NOT_FOUND])
    return player


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
