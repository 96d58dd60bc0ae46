"""A ledger and a session directory of a few lines, and messages as the provider sends them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action, Balances, Result
from pitboss.wallet.v1.transaction_pb2 import Transaction
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.ports import SessionFacts, SessionsDownError
from provider_adapters._kit.references import PlayerReference
from provider_adapters.pragmatic_style import auth

T = TypeVar("T")

SECRET = "testKey"
PLAYER = PlayerReference(licensee="demo", player_id="pl-7001")
SESSION = SessionFacts(
    session_id="s-1",
    player=PLAYER,
    game_id="vs20demo",
    currency_code="EUR",
    token="tok-0123456789abcdef",
    country="MT",
    jurisdiction="base",
)
MOMENT = "1767225600000"
BET: Mapping[str, str] = {
    "userId": str(PLAYER),
    "gameId": "vs20demo",
    "roundId": "5500100",
    "amount": "1.25",
    "reference": "ref-0001",
    "providerId": "pragmaticplay",
    "timestamp": MOMENT,
    "roundDetails": "spin",
}
RESULT: Mapping[str, str] = {**BET, "amount": "3.00", "reference": "ref-0002"}
ADJUSTMENT: Mapping[str, str] = {
    "userId": str(PLAYER),
    "gameId": "vs20demo",
    "roundId": "5500100",
    "amount": "3.10",
    "reference": "ref-0007",
    "providerId": "pragmaticplay",
    "timestamp": "1767225600000",
    "validBetAmount": "1.25",
}
REFUND: Mapping[str, str] = {"userId": str(PLAYER), "reference": "ref-0001", "providerId": "pragmaticplay"}
END_ROUND: Mapping[str, str] = {
    "userId": str(PLAYER),
    "gameId": "vs20demo",
    "roundId": "5500100",
    "providerId": "pragmaticplay",
}
AUTHENTICATE: Mapping[str, str] = {"token": SESSION.token, "providerId": "pragmaticplay"}
BALANCE: Mapping[str, str] = {"userId": str(PLAYER), "providerId": "pragmaticplay"}


def money(amount: str, currency_code: str = "EUR") -> Money:
    return Money(currency_code=currency_code, amount=amount)


def balances(available: str, bonus: str = "0", currency_code: str = "EUR") -> Balances:
    return Balances(available=money(available, currency_code), bonus=money(bonus, currency_code))


def result(outcome: Outcome.ValueType = Outcome.OUTCOME_OK, available: str = "98.75", **changes: Any) -> Result:
    values: dict[str, Any] = {
        "transaction_id": "3-42",
        "balance_at_commit": money(available),
        "balance_now": balances(available),
    }
    return Result(outcome=outcome, **{**values, **changes})


@dataclass
class FakeWallet:
    """Answers what it is told to and keeps what it was asked."""

    answers: list[Result] = field(default_factory=list)
    balance_answer: Balances | Result = field(default_factory=lambda: balances("100.00"))
    currency_answer: str | Result = ""
    played: list[Transaction] | Result = field(default_factory=list)
    actions: list[tuple[PlayerReference, Action]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        sent = Action()
        sent.CopyFrom(action)
        self.actions.append((player, sent))
        return self.answers.pop(0) if self.answers else result()

    async def balance(self, player: PlayerReference, currency_code: str, budget: Budget) -> Balances | Result:
        self.asked.append(f"balance {player} {currency_code}".rstrip())
        return self.balance_answer

    async def round_transactions(
        self, player: PlayerReference, round_id: str, budget: Budget
    ) -> list[Transaction] | Result:
        self.asked.append(f"round {player} {round_id}")
        return self.played

    async def round_currency(self, player: PlayerReference, round_id: str, budget: Budget) -> str | Result:
        self.asked.append(f"round {player} {round_id}")
        return self.currency_answer


@dataclass
class FakeSessions:
    """Knows some sessions, or is down."""

    sessions: list[SessionFacts] = field(default_factory=lambda: [SESSION])
    down: bool = False

    async def by_token(self, token: str, budget: Budget) -> SessionFacts | None:
        return self._find(lambda session: session.token == token)

    async def swap(self, token: str, budget: Budget, *, key: str = "") -> SessionFacts | None:
        return await self.by_token(token, budget)

    async def by_player(self, player: PlayerReference, budget: Budget) -> SessionFacts | None:
        return self._find(lambda session: session.player == player)

    def known(self, token: str) -> SessionFacts | None:
        return None

    def _find(self, wanted: Callable[[SessionFacts], bool]) -> SessionFacts | None:
        if self.down:
            raise SessionsDownError
        return next((session for session in reversed(self.sessions) if wanted(session)), None)


@dataclass
class FakeSecurity:
    """Keeps events."""

    events: list[str] = field(default_factory=list)

    def report(self, event: str, request: HttpRequest, **facts: str) -> None:
        self.events.append(event)


@dataclass
class FakeOutbound:
    """Hands what `serve` answers to `read`, and keeps what was sent."""

    serve: Callable[[HttpRequest], Awaitable[HttpReply]]
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)

    async def send(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        read: Callable[[HttpReply], T],
        body: bytes = b"",
        query: str = "",
        headers: Mapping[str, str] | None = None,
        safe: bool = False,
        guarded: bool = True,
        timeout_s: float | None = None,
    ) -> T:
        self.sent.append((method, path, body))
        return read(await self.serve(HttpRequest(method=method, path=path, body=body)))


def always(reply: HttpReply) -> FakeOutbound:
    async def serve(_: HttpRequest) -> HttpReply:
        return reply

    return FakeOutbound(serve)


def signed(call: str, fields: Mapping[str, str], spelling: auth.Spelling = auth.Spelling.PLAIN) -> HttpRequest:
    return raw(call, auth.signed_form(fields, SECRET, spelling))


def raw(call: str, body: bytes) -> HttpRequest:
    return HttpRequest(method="POST", path=f"/{call}", body=body, request_id="request-1")


def without(fields: Mapping[str, str], *names: Sequence[str] | str) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in names}
