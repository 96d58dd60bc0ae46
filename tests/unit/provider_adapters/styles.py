"""Both sides of any provider in one process, for tests that are the same for all of them.

Everything comes from the folder: the keys from the recipe in `sandbox.toml`, so a new provider is under
these tests without a line of its own.
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

from mesh.dev.providers import discover
from mesh.dev.secrets import ProviderCredentials, provider_credentials
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.action_pb2 import Action, Balances, Result
from pitboss.wallet.v1.transaction_pb2 import Transaction, TransactionKind, TransactionState
from provider_adapters._kit import manifest
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.errors import ProviderFailedError
from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.manifest import Manifest
from provider_adapters._kit.nonces import NonceWindow
from provider_adapters._kit.ports import Adapter, AdapterParts, SessionFacts, SessionsDownError, TokenSwappedError
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.runner import ADAPTERS
from provider_adapters._kit.studio.grants import Grants
from provider_adapters._kit.studio.ports import CLAIMS, Act, ActKind, Answer, Seat, Studio, StudioParts

PLAYER = PlayerReference(licensee="aurora", player_id="pl-7001")
TOKEN = "sess-0001-abcdef0123"
SWAPPED = "play-0001-abcdef0123"
BALANCE = "98.75"
NAMES = tuple(provider.name for provider in discover())


@functools.cache
def credentials(name: str, which: int = 0) -> ProviderCredentials:
    """Keys of an integration; another number is another integration of the same provider."""
    (found,) = [provider for provider in discover() if provider.name == name]
    return provider_credentials(found.credentials)


def balances(amount: str = BALANCE, currency_code: str = "EUR") -> Balances:
    return Balances(available=Money(amount=amount, currency_code=currency_code))


class Ledger:
    """Answers what it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.outcome: Outcome.ValueType = Outcome.OUTCOME_OK
        self.actions: list[tuple[PlayerReference, Action]] = []
        self.asked = 0

    async def execute(self, player: PlayerReference, action: Action, budget: Budget) -> Result:
        self.actions.append((player, action))
        return Result(
            outcome=self.outcome,
            transaction_id="3-41",
            balance_at_commit=Money(amount=BALANCE, currency_code="EUR"),
            balance_now=balances(),
        )

    async def balance(self, player: PlayerReference, currency_code: str, budget: Budget) -> Balances | Result:
        self.asked += 1
        return balances() if self.outcome == Outcome.OUTCOME_OK else Result(outcome=self.outcome)

    async def round_transactions(
        self, player: PlayerReference, round_id: str, budget: Budget
    ) -> list[Transaction] | Result:
        self.asked += 1
        bet = Transaction(
            kind=TransactionKind.TRANSACTION_KIND_BET,
            transaction_key="bet-1",
            state=TransactionState.TRANSACTION_STATE_APPLIED,
            amount=Money(amount="1.25", currency_code="EUR"),
        )
        return [bet]

    async def round_currency(self, player: PlayerReference, round_id: str, budget: Budget) -> str | Result:
        self.asked += 1
        return "EUR"


class Sessions:
    """Knows one session, unless it is down."""

    def __init__(self, game_id: str) -> None:
        self.facts = SessionFacts(
            session_id="s-1", player=PLAYER, game_id=game_id, currency_code="EUR", token=TOKEN, country="DE"
        )
        self.down = False
        self.asked = 0
        self.swap_key: str | None = None
        """The name of the first swap."""
        self.over = False
        """The token of the launch was swapped, and its grace is over."""

    async def by_token(self, token: str, budget: Budget) -> SessionFacts | None:
        found = self._found(token in {TOKEN, SWAPPED})
        return replace(found, session_id="") if found and self.over and token == TOKEN else found

    async def swap(self, token: str, budget: Budget, *, key: str = "") -> SessionFacts | None:
        found = self._found(token in {TOKEN, SWAPPED})
        if found is None or token == SWAPPED:
            return found and replace(found, token=SWAPPED)
        if self.swap_key not in {None, key}:
            raise TokenSwappedError
        self.swap_key = key
        return replace(found, token=SWAPPED)

    async def by_player(self, player: PlayerReference, budget: Budget) -> SessionFacts | None:
        return self._found(player == PLAYER)

    def known(self, token: str) -> SessionFacts | None:
        return None

    def _found(self, right: bool) -> SessionFacts | None:
        self.asked += 1
        if self.down:
            raise SessionsDownError
        return self.facts if right else None


class Security:
    """Counts events."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def report(self, event: str, request: HttpRequest, **facts: str) -> None:
        self.events.append(event)


class Shown:
    """One round, as it is shown."""

    def address(self, user: str, round_id: str) -> str:
        return "http://studio/replay/1" if (user, round_id) == (str(PLAYER), ROUND_ID) else ""

    def page(self, round_id: str, user: str = "") -> str:
        return "<html>bet</html>" if round_id == ROUND_ID and user in {"", str(PLAYER)} else ""


class Desk:
    """Seats players."""

    public_url = "http://studio"

    def __init__(self) -> None:
        self.seats: list[Seat] = []
        self.demos: list[tuple[str, str, str]] = []
        self.grants = Grants()
        self.replays = Shown()

    def seat(self, seat: Seat) -> str:
        self.seats.append(seat)
        return f"{self.public_url}/play/{seat.launch_id}"

    def demo(self, *, user: str, token: str, game_id: str) -> str:
        self.demos.append((user, token, game_id))
        return f"{self.public_url}/demo/l1"

    def new_launch_id(self) -> str:
        return "l1"


class Wire:
    """`ports.Outbound` that ends at the studio's own API."""

    def __init__(self, studio: Studio, desk: Desk) -> None:
        self._studio, self._desk = studio, desk
        self.answer: HttpReply | None = None
        self.sent: list[HttpRequest] = []

    async def send(self, operation: str, method: str, path: str, *, read: Any, **options: Any) -> Any:
        request = HttpRequest(
            method=method,
            path=path,
            query=options.get("query", "").encode(),
            headers=_lower(options.get("headers") or {}),
            body=options.get("body", b""),
        )
        self.sent.append(request)
        reply = self.answer or await self._studio.api(request, self._desk)
        if reply.status >= 500:
            raise ProviderFailedError(operation=operation)
        return read(reply)


@dataclass
class Style:
    """One provider: its adapter with a ledger in memory, and its studio."""

    name: str
    keys: ProviderCredentials = field(init=False)
    studio: Studio = field(init=False)
    adapter: Adapter = field(init=False)
    ledger: Ledger = field(default_factory=Ledger)
    security: Security = field(default_factory=Security)
    desk: Desk = field(default_factory=Desk)

    def __post_init__(self) -> None:
        self.keys = credentials(self.name)
        self.studio = self.new_studio(self.keys)
        self.sessions = Sessions(self.studio.games[0].game_id)
        self.wire = Wire(self.studio, self.desk)
        self.adapter = self.module("adapter").create(
            AdapterParts(
                manifest=self.manifest,
                credentials=self.keys.adapter,
                callback_url="http://callbacks",
                wallet=self.ledger,
                sessions=self.sessions,
                outbound=self.wire,
                security=self.security,
                nonces=NonceWindow(None),
            )
        )

    @property
    def folder(self) -> Path:
        return ADAPTERS / self.name

    @property
    def manifest(self) -> Manifest:
        return manifest.load(self.folder)

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"provider_adapters.{self.name}.{name}")

    def new_studio(self, keys: ProviderCredentials) -> Studio:
        made: Studio = self.module("studio").create(StudioParts(credentials=keys.studio, callback_url="http://x"))
        return made

    @property
    def seat(self) -> Seat:
        return Seat(
            launch_id="l1", user=str(PLAYER), token=TOKEN, currency_code="EUR", game_id=self.studio.games[0].game_id
        )

    def act(self, kind: ActKind) -> Act:
        """One message of each kind, about one round."""
        bare = Act(kind=kind, seat=self.seat, game_id=self.seat.game_id, sent_at_ms=1_767_225_600_000)
        if kind in {ActKind.ENTER, ActKind.BALANCE}:
            return bare
        keys = {ActKind.BET: BET_KEY, ActKind.WIN: WIN_KEY, ActKind.CANCEL: CANCEL_KEY, ActKind.CLOSE: CLOSE_KEY}
        act = replace(bare, transaction_key=keys.get(kind, GIFT_KEY), round_id=ROUND_ID)
        if kind in {ActKind.FREE_BET, ActKind.FREE_SPIN, ActKind.FREE_TOTAL}:
            act = replace(act, grant_id="grant-1")
        if kind is ActKind.ROLLBACK:
            return replace(act, undoes=(self.act(ActKind.BET), self.act(ActKind.WIN)))
        if kind is ActKind.CLOSE:
            return act
        act = replace(act, amount=Decimal("1.25"))
        if kind is ActKind.WIN:
            bet_key = BET_KEY if self.studio.habits.wins_name_the_bet else ""
            return replace(act, bet_key=bet_key, closes=self.studio.habits.closes_by_flag)
        if kind is ActKind.CANCEL:
            key = BET_KEY if self.studio.habits.cancel_shares_key else CANCEL_KEY
            return replace(act, transaction_key=key, bet_key=BET_KEY)
        return act

    @property
    def kinds(self) -> list[ActKind]:
        """What this studio says at all."""
        claimed = self.manifest.capabilities
        silent = {kind for kind, capability in CLAIMS.items() if capability not in claimed}
        if self.studio.habits.closes_by_flag:
            silent.add(ActKind.CLOSE)
        return [kind for kind in ActKind if kind not in silent]

    async def post(self, request: HttpRequest) -> HttpReply:
        """What the adapter answers."""
        return await self.adapter.callback(replace(request, headers=_lower(request.headers)), Budget.of(1))

    async def say(self, act: Act) -> Answer:
        """What the studio makes of the answer."""
        return self.studio.read(act, await self.post(self.studio.write(act)))


BET_KEY = "7f3d2f2e-5bb0-4a51-9d2a-0b8f0d7f0001"
WIN_KEY = "7f3d2f2e-5bb0-4a51-9d2a-0b8f0d7f0002"
CANCEL_KEY = "7f3d2f2e-5bb0-4a51-9d2a-0b8f0d7f0003"
CLOSE_KEY = "7f3d2f2e-5bb0-4a51-9d2a-0b8f0d7f0004"
GIFT_KEY = "7f3d2f2e-5bb0-4a51-9d2a-0b8f0d7f0006"
ROUND_ID = "7f3d2f2e-5bb0-4a51-9d2a-0b8f0d7f0005"


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
