"""Players who sit in a game and play one story after the other. Launching costs more than a story does."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, Final

import grpc
import grpc.aio

from mesh.channels import AffinityStub, call_metadata
from mesh.dev.stack import Stack
from pitboss.session.v1 import session_directory_service_pb2, session_service_pb2
from pitboss.session.v1.session_directory_service_pb2_grpc import SessionDirectoryServiceStub
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from provider_adapters._kit.studio.ports import Seat
from tests.conformance.office import CountingOffice
from tests.conformance.provider import Provider
from tests.integration.provider_adapters.office import LICENSEE
from tests.provider_fuzz.books import Books
from tests.provider_fuzz.worlds import CASHIER, MismatchError, Worlds

CURRENCY: Final = "EUR"
STORIES_EACH: Final = 25
_TIMEOUT_S, _PATIENCE_S, _PAUSE_S = 30, 120, 0.2
_LAUNCHES = 6
_NOT_NOW: Final = (
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
)


@dataclass(slots=True, kw_only=True)
class Chair:
    """One player in one game, and how far the ledger was compared."""

    player: str
    seat: Seat
    cents: int
    paid_in: int
    """Cents that the cashier brought, less what it took."""
    stories: int = 0
    position: int = 0
    """Of the last entry that was compared."""
    late: set[str] = field(default_factory=set)
    """Keys of bets that nobody waits for, that were cancelled, and that may still arrive to be refused."""
    open_end: tuple[int, Worlds] | None = None
    """The last story may still change the balance: the position where it began, and its worlds."""

    failed: bool = False
    """Its last story did not come to a good end: nothing more is known of it."""

    @property
    def is_worn(self) -> bool:
        """Nobody sits here any more."""
        return self.stories >= STORIES_EACH or self.open_end is not None

    def begin(self) -> str:
        """A name for the next story, like no other."""
        self.stories += 1
        return f"{self.player}/{self.stories}"

    def without_late(self, books: Books) -> Books:
        """What the story that is on has to explain. MismatchError when a late bet moved money."""
        late = [row for row in books.rows if row.key in self.late]
        if wrong := [row for row in late if row.kind != "late_bet" or row.outcome == "OK" or row.cents]:
            raise MismatchError(
                f"bets of an earlier story were cancelled, and came late as {', '.join(map(str, wrong))}"
            )
        rows = tuple(row for row in books.rows if row.key not in self.late)
        return Books(rows, books.cents, books.live, books.position)

    def end(self, worlds: Worlds, books: Books) -> None:
        """The story is over, and the ledger has what the worlds explain. MismatchError if not."""
        world = worlds.ended(books.rows, books.cents)
        late = worlds.may_come_late(world)
        if late is None:
            self.open_end = (self.position, worlds)
        else:
            self.late |= late
        self.cents, self.position = int(books.cents), books.position

    def settle(self, books: Books) -> None:
        """What came after the last comparison changed nothing that it may not. MismatchError if it did."""
        books = self.without_late(books)
        if self.open_end is not None:
            self.open_end[1].ended(books.rows, books.cents)
        elif books.rows or books.cents != self.cents:
            entries = ", ".join(map(str, books.rows))
            raise MismatchError(
                f"later the ledger has {books.cents} cents after [{entries}], and {self.cents} were left"
            )
        self.cents = int(books.cents)


class Chairs:
    """All chairs of one provider."""

    def __init__(self, stack: Stack, office: CountingOffice, provider: Provider) -> None:
        self._office, self._provider = office, provider
        adapter = office.channel(f"provider_adapters/{provider.name}", stack.around.ports.session)
        self._directory = SessionDirectoryServiceStub(adapter)
        wallets = [office.channel("platform", port) for port in stack.around.ports.wallets]
        # The replica to which the player's messages go: the other one would make it read the shard again.
        self._wallets = AffinityStub(wallets, LedgerServiceStub)
        self._launches = asyncio.Semaphore(_LAUNCHES)
        self._idle: list[Chair] = []
        self.all: list[Chair] = []

    async def take(self, cents: int) -> Chair:
        """A chair whose player has so much money, and nobody else sits there."""
        if not self._idle:
            return await self._new(cents)
        chair = self._idle.pop()
        if chair.cents != cents:
            await self._execute(chair.player, _balancing(chair, cents))
            chair.paid_in += cents - chair.cents
            chair.cents = cents
        return chair

    def give_back(self, chair: Chair) -> None:
        """A story went well."""
        if not chair.is_worn:
            self._idle.append(chair)

    async def _new(self, cents: int) -> Chair:
        player = f"pf-{secrets.token_hex(6)}"
        await self._execute(player, _opening(player, cents))
        seat = await self._launch(player)
        chair = Chair(player=player, seat=seat, cents=cents, paid_in=cents)
        self.all.append(chair)
        return chair

    async def _execute(self, player: str, actions: list[action_pb2.Action]) -> None:
        request = ledger_service_pb2.ExecuteBatchRequest(actions=actions)
        metadata = call_metadata(licensee=LICENSEE, source=CASHIER)
        execute = partial(
            self._wallets.call, "ExecuteBatch", request, licensee=LICENSEE, player=player, metadata=metadata
        )
        reply = await _patiently(execute)
        outcomes = [Outcome.Name(result.outcome) for result in reply.results]
        assert outcomes == ["OUTCOME_OK"] * len(actions), f"{player}: {outcomes}"

    async def _launch(self, player: str) -> Seat:
        order = session_service_pb2.CreateSessionRequest(
            client_key=player,
            player_id=player,
            provider=self._provider.name,
            game_id=self._provider.game_id,
            currency_code=CURRENCY,
            country="DE",
        )
        # Launching takes longest.
        async with self._launches:
            metadata = call_metadata(licensee=LICENSEE)
            await _patiently(_timed(self._office.sessions.CreateSession, order, metadata=metadata))
        question = session_directory_service_pb2.ResolveSessionRequest(player_reference=f"{LICENSEE}.{player}")
        answer = await _patiently(_timed(self._directory.ResolveSession, question))
        return Seat(
            launch_id=player,
            user=f"{LICENSEE}.{player}",
            token=answer.token,
            currency_code=CURRENCY,
            game_id=self._provider.game_id,
        )


def _timed(method: Callable[..., Awaitable[Any]], request: Any, **more: Any) -> Callable[..., Awaitable[Any]]:
    """The same call with the time given as our own stubs take it."""
    return lambda *, timeout_s: method(request, timeout=timeout_s, **more)


async def _patiently(call: Callable[..., Awaitable[Any]]) -> Any:
    """A service that has enough to do says so, and is asked again: what is asked here has a key, or changes nothing."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            try:
                return await call(timeout_s=_TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _NOT_NOW:
                    raise
                await asyncio.sleep(_PAUSE_S)


def _opening(player: str, cents: int) -> list[action_pb2.Action]:
    account = action_pb2.OpenAccount(currency_code=CURRENCY, jurisdiction="sandbox", born_on="1990-01-01")
    return [_action(player, "open", open_account=account), _action(player, "deposit", deposit=_deposit(cents))]


def _balancing(chair: Chair, cents: int) -> list[action_pb2.Action]:
    """The cashier brings what is missing, or takes what is too much."""
    missing, key = cents - chair.cents, f"before-{chair.stories + 1}"
    if missing > 0:
        return [_action(chair.player, key, deposit=_deposit(missing))]
    held, taken = action_pb2.Hold(amount=_money(-missing)), action_pb2.Capture(hold_key=key)
    return [_action(chair.player, key, hold=held), _action(chair.player, key, capture=taken)]


def _action(player: str, key: str, **action: Any) -> action_pb2.Action:
    return action_pb2.Action(player_id=player, transaction_key=key, **action)


def _deposit(cents: int) -> action_pb2.Deposit:
    return action_pb2.Deposit(amount=_money(cents))


def _money(cents: int) -> Money:
    return Money(currency_code=CURRENCY, amount=str(money(cents)))


def money(cents: int) -> Decimal:
    """Main units, with two decimals."""
    return Decimal(cents).scaleb(-2)
