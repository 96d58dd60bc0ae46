"""The way of a callback that every dialect shares: open it, find whose it is, ask the ledger, and always answer.

A provider's `callbacks.py` says how its messages are opened, which handler serves which call, and how answers look.
"""

from __future__ import annotations

import abc
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action, Balances, Result
from provider_adapters._kit.amounts import AmountError
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import (
    Problem,
    SecurityLog,
    SessionFacts,
    Sessions,
    SessionsDownError,
    TokenSwappedError,
    Wallet,
)
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.strict_json import NotParseableError, parse_object
from provider_adapters._kit.typed_json import FieldInvalidError, build

SECURITY_PROBLEMS = frozenset({Problem.SIGNATURE_INVALID, Problem.CALLER_FORBIDDEN})
"""Problems that a security officer wants to see."""


class ProblemError(Exception):
    """The callback ends here, before any business: it is not what it should be."""

    def __init__(self, problem: Problem, *, event: str = "", echo: object = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.event = event or problem.value
        """What the security log calls it, for problems that belong there."""
        self.echo = echo


class OutcomeError(Exception):
    """The callback ends here with an outcome that no action of this message reached."""

    def __init__(self, outcome: Outcome.ValueType) -> None:
        super().__init__(Outcome.Name(outcome))
        self.outcome = outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A callback whose sender is known and whose format is right."""

    call: str
    """Name of the call: a path, a method, an action, the name of a root element."""
    fields: Mapping[str, Any]
    echo: object = None
    """What every answer to it repeats, such as a request id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a handler needs beside the message."""

    name: str
    budget: Budget
    echo: object


Handler = Callable[[Any, Call], Awaitable[HttpReply]]
Routes = Mapping[str, tuple[type[Any], Handler]]
"""The message and the handler of each call."""


class DialectCallbacks(abc.ABC):
    """Answers callbacks in one provider's dialect."""

    beyond: ClassVar[frozenset[str]] = frozenset()
    """Calls of the provider that the manifest does not claim."""

    def __init__(self, *, wallet: Wallet, sessions: Sessions, security: SecurityLog) -> None:
        self._wallet, self._sessions, self._security = wallet, sessions, security
        self._routes = self.routes()

    @abc.abstractmethod
    def routes(self) -> Routes:
        """Every call that is served. Asked once."""

    @abc.abstractmethod
    async def open(self, request: HttpRequest) -> Opened:
        """Verify, then parse. ProblemError when there is nothing to serve; a call without a route is NOT_SUPPORTED."""

    @abc.abstractmethod
    def problem(self, problem: Problem, echo: object = None) -> HttpReply:
        """The provider's own words for a problem. Pure."""

    @abc.abstractmethod
    def outcome(self, outcome: Outcome.ValueType, call: Call) -> HttpReply:
        """The provider's own words for an outcome that carries no balance."""

    def must_be_post(self, request: HttpRequest) -> None:
        """ProblemError unless the path is that of a call, and the method the only one."""
        known = request.path in self._routes or request.path in self.beyond
        self.must_be_post_to(request.path if known else "", request)

    def must_be_post_to(self, path: str, request: HttpRequest) -> None:
        """The same for a provider that has one address for all its calls."""
        if request.path != path:
            raise ProblemError(Problem.PATH_UNKNOWN)
        if request.method != "POST":
            raise ProblemError(Problem.METHOD_UNKNOWN)

    async def answer(self, request: HttpRequest, budget: Budget) -> HttpReply:
        """The reply to one callback."""
        try:
            opened = await self.open(request)
        except ProblemError as stopped:
            if stopped.problem in SECURITY_PROBLEMS:
                self._security.report(stopped.event, request)
            return self.problem(stopped.problem, stopped.echo)
        return await self._serve(opened, budget)

    async def _serve(self, opened: Opened, budget: Budget) -> HttpReply:
        if opened.call not in self._routes:
            return self.problem(Problem.NOT_SUPPORTED, opened.echo)
        message_type, handle = self._routes[opened.call]
        call = Call(name=opened.call, budget=budget, echo=opened.echo)
        try:
            return await handle(build(message_type, opened.fields), call)
        except (FieldInvalidError, AmountError):
            return self.problem(Problem.FIELD_INVALID, opened.echo)
        except ProblemError as stopped:
            return self.problem(stopped.problem, opened.echo)
        except OutcomeError as stopped:
            return self.outcome(stopped.outcome, call)

    async def session(self, token: str, name: str, call: Call) -> SessionFacts:
        """The session of a token, if it is this player's."""
        facts = await self.session_of(token, call)
        if str(facts.player) != name:
            raise OutcomeError(Outcome.OUTCOME_SESSION_INVALID)
        return facts

    async def session_of(self, token: str, call: Call) -> SessionFacts:
        """The session of a token, whoever plays."""
        try:
            facts = await self._sessions.by_token(token, call.budget)
        except SessionsDownError:
            raise OutcomeError(Outcome.OUTCOME_UNAVAILABLE) from None
        if facts is None:
            raise OutcomeError(Outcome.OUTCOME_SESSION_INVALID)
        return facts

    async def swapped(self, token: str, call: Call, *, key: str = "") -> SessionFacts:
        """The session of a launch token, with the token that the game has from now on."""
        try:
            facts = await self._sessions.swap(token, call.budget, key=key)
        except SessionsDownError:
            raise OutcomeError(Outcome.OUTCOME_UNAVAILABLE) from None
        except TokenSwappedError:
            raise OutcomeError(Outcome.OUTCOME_SESSION_INVALID) from None
        if facts is None:
            raise OutcomeError(Outcome.OUTCOME_SESSION_INVALID)
        return facts

    async def newest_session(self, name: str, call: Call) -> SessionFacts:
        """The player's newest session at this provider, for messages without a token."""
        try:
            facts = await self._sessions.by_player(player_named(name), call.budget)
        except SessionsDownError:
            raise OutcomeError(Outcome.OUTCOME_UNAVAILABLE) from None
        if facts is None:
            raise OutcomeError(Outcome.OUTCOME_PLAYER_NOT_FOUND)
        return facts

    def noted(self, token: str, name: str) -> str:
        """Session id for the record. Credits never wait for the session directory: it is noted only if it is known."""
        facts = self._sessions.known(token) if token else None
        return facts.session_id if facts and str(facts.player) == name else ""

    async def balances(self, player: PlayerReference, currency_code: str, call: Call) -> Balances:
        """What the player has now."""
        found = await self._wallet.balance(player, currency_code, call.budget)
        if isinstance(found, Result):
            raise OutcomeError(found.outcome)
        return found

    async def execute(self, name: str, action: Action, call: Call) -> Result:
        """One action of the player of this name."""
        return await self._wallet.execute(player_named(name), action, call.budget)


def parse_json(request: HttpRequest) -> dict[str, Any]:
    """The object in the body, if it is said to be JSON and is."""
    must_be(request, "application/json")
    try:
        return parse_object(request.body)
    except NotParseableError as error:
        raise ProblemError(Problem.NOT_PARSEABLE) from error


def must_be(request: HttpRequest, *content_types: str) -> None:
    """ProblemError when the content type says something else."""
    if not has_type(request, *content_types):
        raise ProblemError(Problem.NOT_PARSEABLE)


def has_type(request: HttpRequest, *content_types: str) -> bool:
    """Whether the content type is one of these. A missing one says nothing, and is taken for right."""
    given = request.headers.get("content-type", content_types[0])
    return given.partition(";")[0].strip().lower() in content_types


def player_named(name: str) -> PlayerReference:
    """The player whom a provider knows under this name."""
    player = PlayerReference.parse(name)
    if player is None:
        raise OutcomeError(Outcome.OUTCOME_PLAYER_NOT_FOUND)
    return player


def not_swapped(facts: SessionFacts) -> SessionFacts:
    """The session, unless its token was swapped for another one: with the old one a game is paid, and shows nothing."""
    if not facts.session_id:
        raise OutcomeError(Outcome.OUTCOME_SESSION_INVALID)
    return facts


def available(result: Result) -> Balances | None:
    """Balances of a result, if the ledger told any."""
    told = result.HasField("balance_now") and result.balance_now.HasField("available")
    return result.balance_now if told else None
