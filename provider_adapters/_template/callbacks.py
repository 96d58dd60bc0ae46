"""What the provider asks us: verify, parse, ask the session directory and the ledger, answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pitboss.wallet.v1.action_pb2 import Action, Result
from provider_adapters._kit.amounts import AmountError
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import AdapterParts, Problem, SessionFacts, SessionsDownError
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.strict_json import NotParseableError, parse_object
from provider_adapters._kit.typed_json import FieldInvalidError, build
from provider_adapters.acme_slots import auth, mapping, wire
from provider_adapters.acme_slots.config import Config
from provider_adapters.acme_slots.errors import PROBLEMS, Code


class RefusedError(Exception):
    """A message that is refused before the ledger is asked."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


class Callbacks:
    """The four callbacks."""

    def __init__(self, config: Config, parts: AdapterParts) -> None:
        self._config = config
        self._wallet, self._sessions, self._security = parts.wallet, parts.sessions, parts.security
        self._routes: Mapping[str, tuple[type[Any], Callable[[Any, Budget], Awaitable[dict[str, Any]]]]] = {
            "/balance": (wire.Balance, self._balance),
            "/bet": (wire.Bet, self._bet),
            "/win": (wire.Win, self._win),
            "/cancel": (wire.Cancel, self._cancel),
        }

    async def answer(self, request: HttpRequest, budget: Budget) -> HttpReply:
        """The reply to one callback."""
        if request.path not in self._routes or request.method != "POST":
            return refuse(Problem.PATH_UNKNOWN)
        if not auth.verify(self._config.secret, request.body, request.headers.get(auth.HEADER.lower(), "")):
            self._security.report("signature_invalid", request)
            return refuse(Problem.SIGNATURE_INVALID)
        message_type, handle = self._routes[request.path]
        try:
            return write(await handle(build(message_type, parse_object(request.body)), budget))
        except NotParseableError:
            return refuse(Problem.NOT_PARSEABLE)
        except (FieldInvalidError, AmountError):
            return refuse(Problem.FIELD_INVALID)
        except RefusedError as refused:
            return write(mapping.reply(refused.code))

    async def _balance(self, message: wire.Balance, budget: Budget) -> dict[str, Any]:
        facts = await self._session(message.token, message.player, budget)
        found = await self._wallet.balance(facts.player, facts.currency_code, budget)
        return mapping.result_reply(found) if isinstance(found, Result) else mapping.reply(Code.OK, found)

    async def _bet(self, message: wire.Bet, budget: Budget) -> dict[str, Any]:
        facts = await self._session(message.token, message.player, budget)
        return await self._execute(message.player, mapping.bet_action(message, facts.session_id), budget)

    async def _win(self, message: wire.Win, budget: Budget) -> dict[str, Any]:
        return await self._execute(message.player, mapping.win_action(message, self._for_the_record(message)), budget)

    async def _cancel(self, message: wire.Cancel, budget: Budget) -> dict[str, Any]:
        action = mapping.cancel_action(message, self._for_the_record(message))
        return await self._execute(message.player, action, budget)

    async def _execute(self, name: str, action: Action, budget: Budget) -> dict[str, Any]:
        player = PlayerReference.parse(name)
        if player is None:
            raise RefusedError(Code.SESSION)
        return mapping.result_reply(await self._wallet.execute(player, action, budget))

    async def _session(self, token: str, name: str, budget: Budget) -> SessionFacts:
        try:
            facts = await self._sessions.by_token(token, budget)
        except SessionsDownError:
            raise RefusedError(Code.TRY_AGAIN) from None
        if facts is None or str(facts.player) != name:
            raise RefusedError(Code.SESSION)
        return facts

    def _for_the_record(self, message: wire.Win | wire.Cancel) -> str:
        """Credits never wait for the session directory: the session is noted only if it is known."""
        facts = self._sessions.known(message.token)
        return facts.session_id if facts and str(facts.player) == message.player else ""


def refuse(problem: Problem) -> HttpReply:
    """The provider's way to say a problem."""
    return write(mapping.reply(PROBLEMS[problem]))


def write(content: dict[str, Any]) -> HttpReply:
    """The reply as JSON."""
    return HttpReply(body=json.dumps(content).encode(), code=content["code"])
