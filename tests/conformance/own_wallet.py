"""Licensees that keep their players' money themselves, one for each provider, so that one's faults are nobody else's."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Protocol

import grpc
import grpc.aio
import httpx
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh.channels import call_metadata
from mesh.dev.registration import own_wallet, put_licensee, put_provider
from mesh.dev.stack import Stack
from mesh.request_signature import Signer
from mesh.tls import Tls
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import action_pb2, history_service_pb2, ledger_service_pb2
from pitboss.wallet.v1.history_service_pb2 import PendingCall
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub
from pitboss.wallet.v1.transaction_pb2 import TransactionState
from pitboss_reference_wallet.book import Book
from provider_adapters._kit.studio.ports import Act, Answer
from tests.conformance.broken_wallet import serving
from tests.conformance.office import CountingOffice
from tests.conformance.stage import FailedError, Player, Stage
from tests.integration.sdk_wallet.wallet import Maker

DEADLINE_MS: Final = 10_000
"""Of one call to the licensee's wallet: no answer is late because the machine is busy."""
UNCLEAR: Final = ("UNKNOWN", "UNAVAILABLE", "IN_PROGRESS")
"""Outcomes after which the same message comes again."""
_PATIENCE_S: Final = 60
_CALLS_TO_OPEN: Final = 100
"""More than a breaker's window has calls that were answered before."""
_EXPONENT: Final = 10_000
"""Units of the ledger in a cent."""


class Controlled(Protocol):
    """A licensee's wallet that can be told to fail."""

    @property
    def doors(self) -> Mapping[str, int]:
        """Ports: control, and grpc or json."""
        ...

    def control(self, what: str, **said: Any) -> dict[str, Any]:
        """One command."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A licensee with its own wallet, and what both sides have written down."""

    licensee: str
    wallet: Controlled
    reader_url: str

    async def fault(self, mode: str, **said: Any) -> None:
        """Switch a fault of the wallet."""
        await asyncio.to_thread(lambda: self.wallet.control("fault", mode=mode, **said))

    def record(self, player: str) -> list[tuple[str, str, int]]:
        """Method, outcome and cents moved of everything that the wallet answered for a player."""
        answers = self.wallet.control("record")["answers"]
        return [(one["method"], one["outcome"], one["moved_minor"]) for one in answers if one["player"] == player]

    def moved(self, player: str) -> int:
        """Cents, by the licensee's record."""
        return sum(moved for _, _, moved in self.record(player))

    def credits(self, player: str) -> list[int]:
        """Cents of each credit, in the order in which they were booked there."""
        return [moved for method, _, moved in self.record(player) if method == "credit"]

    def outside(self, player: str) -> int:
        """Cents, by our ledger: what went to the licensee's wallet less what came from it."""
        asked = (
            "SELECT coalesce(sum(CASE kind WHEN 65 THEN moved ELSE -moved END), 0) FROM transfer"
            " JOIN player ON player.id = player_id WHERE player.name = %s AND kind IN (64, 65)"
        )
        return int(self._rows(asked, player)[0][0]) // _EXPONENT

    def attempts(self, player: str) -> list[int]:
        """How often each waiting call of a player was tried, in their order."""
        asked = (
            "SELECT attempts FROM pending_call JOIN player ON player.id = player_id"
            " WHERE player.name = %s ORDER BY sequence"
        )
        return [int(attempts) for (attempts,) in self._rows(asked, player)]

    def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.reader_url) as connection:
            return connection.execute(statement.encode(), values).fetchall()


class OwnOffice(CountingOffice):
    """The office of a licensee with its own wallet: money begins there."""

    def __init__(self, stack: Stack, own: Own) -> None:
        super().__init__(stack)
        self.licensee = own.licensee
        self.own = own
        ports = stack.around.ports.wallets
        self._wallets = [LedgerServiceStub(self.channel("platform", port)) for port in ports]

    async def player(self, *, money: str = "100.00", currency: str = "EUR", jurisdiction: str = "sandbox") -> str:
        """See `Office`. The licensee's wallet has the money; the ledger has an account."""
        player = await super().player(money="0", currency=currency, jurisdiction=jurisdiction)
        await asyncio.to_thread(lambda: self.own.wallet.control("players", id=player, currency=currency, cash=money))
        self.deposits[player] = money
        return player

    async def stranger(self) -> str:
        """A player of the ledger whom the licensee's wallet does not know."""
        player = await super().player(money="0")
        self.deposits[player] = "0"
        return player

    async def waiting(self, player: str, *, stuck_only: bool = False) -> list[PendingCall]:
        """What the licensee's wallet has yet to hear, as the licensee sees it."""
        request = history_service_pb2.ListPendingCallsRequest(player_id=player, stuck_only=stuck_only)
        reply = await self.history.ListPendingCalls(request, timeout=20, metadata=self._tenant)
        return list(reply.calls)

    async def retry(self, call: PendingCall) -> None:
        """Ask for one more attempt."""
        request = history_service_pb2.RetryPendingCallRequest(call_id=call.call_id)
        await self.history.RetryPendingCall(request, timeout=20, metadata=self._tenant)

    async def balances(self, player: str, wallet: int) -> action_pb2.Balances:
        """What one of the wallet processes says that the player has."""
        request = ledger_service_pb2.GetBalanceRequest(player_id=player, currency_code="EUR")
        return (await self._wallets[wallet].GetBalance(request, timeout=20, metadata=self._tenant)).balances

    async def well(self, player: str, moved: Decimal = Decimal(0)) -> None:
        """Wait until both wallet processes tell a balance that they have just been told by the licensee's wallet."""
        wanted = Decimal(self.deposits[player]) + moved
        for wallet in range(len(self._wallets)):
            async with asyncio.timeout(_PATIENCE_S):
                while not await self._shows(player, wallet, wanted):
                    await asyncio.sleep(0.1)

    async def _shows(self, player: str, wallet: int, wanted: Decimal) -> bool:
        try:
            told = await self.balances(player, wallet)
        except grpc.aio.AioRpcError:
            return False
        return not told.HasField("known_since") and Decimal(told.available.amount or "0") == wanted

    @property
    def _tenant(self) -> Any:
        return call_metadata(licensee=self.licensee)


class OwnStage(Stage):
    """A case with players whose money the licensee keeps."""

    office: OwnOffice

    @property
    def own(self) -> Own:
        """The licensee."""
        return self.office.own

    async def tell(self, who: Player, act: Act, *outcomes: str) -> str:
        """Send until the ledger has decided, as a provider does that hears nothing clear. The outcome, one of these.

        What the provider hears then must be its word for that outcome, now and when everything is said again.
        """
        async with asyncio.timeout(_PATIENCE_S):
            while (outcome := await self._decided(who, act)) is None:
                await asyncio.sleep(0.1)
        answer = await self.decided(act, self.provider.code(act.kind, outcome))
        self._said.append((act, answer))
        if outcome not in outcomes:
            raise FailedError(f"{act.kind}: the ledger stored {outcome} instead of {' or '.join(outcomes)}")
        self.heard(act, answer, outcome)
        return outcome

    async def _decided(self, who: Player, act: Act) -> str | None:
        """Send once. The outcome that is stored under the key afterwards, if there is one."""
        try:
            await self.send(act)
            stored = await self.transaction(who, act)
        except (httpx.HTTPError, grpc.aio.AioRpcError):
            # Whoever was asked is being started again.
            return None
        outcome = Outcome.Name(stored.outcome).removeprefix("OUTCOME_")
        return None if stored.state == TransactionState.TRANSACTION_STATE_UNKNOWN or outcome in UNCLEAR else outcome

    def heard(self, act: Act, answer: Answer, *outcomes: str) -> None:
        """Check that an answer is the provider's word for one of these outcomes."""
        if answer.code not in {self.provider.code(act.kind, outcome) for outcome in outcomes}:
            raise FailedError(f"{act.kind}: {answer.code} was answered instead of {' or '.join(outcomes)}")

    async def settled_at(self, who: Player, cents: int) -> None:
        """Wait until everything was told, and check that both sides have moved exactly this."""
        player = who.launched.player
        async with asyncio.timeout(_PATIENCE_S):
            while await asyncio.to_thread(self.own.attempts, player):
                await asyncio.sleep(0.1)
        theirs, ours = await asyncio.to_thread(lambda: (self.own.moved(player), self.own.outside(player)))
        if (theirs, ours) != (cents, cents):
            raise FailedError(f"the licensee moved {theirs} and the ledger {ours} cents instead of {cents}")
        await self.well(who, cents)

    async def well(self, who: Player, cents: int = 0) -> None:
        """Wait until both wallet processes answer, and tell what the player has in the licensee's wallet now."""
        await self.office.well(who.launched.player, Decimal(cents).scaleb(-2))

    async def ill(self, who: Player) -> None:
        """Let both wallet processes find out that the licensee's wallet does not answer."""
        for wallet in (0, 1) * _CALLS_TO_OPEN:
            await self.office.balances(who.launched.player, wallet)


class OwnWallets:
    """A licensee and its wallet for each provider, on a stack that runs.

    With a `book` they are in this process, over JSON; without one they are processes, over gRPC. `prefix` begins the licensees' names.
    """

    def __init__(
        self, stack: Stack, names: Sequence[str], folder: Path, *, prefix: str = "own", book: type[Book] | None = None
    ) -> None:
        self._stack, self._names, self._folder = stack, names, folder
        self._prefix, self._book = prefix, book

    @contextlib.contextmanager
    def running(self) -> Iterator[dict[str, Own]]:
        """Start them and register them; by provider."""
        with contextlib.ExitStack() as open_wallets, ThreadPoolExecutor() as pool:
            started = {name: self._started(name) for name in self._names}
            entered = {name: pool.submit(open_wallets.enter_context, one) for name, one in started.items()}
            wallets = {name: one.result() for name, one in entered.items()}
            reader_url = self._stack.mesh["postgres"]["databases"]["wallet_svc"]["reader_url"]
            owns = {
                name: Own(licensee=self._licensee(name), wallet=wallet, reader_url=reader_url)
                for name, wallet in wallets.items()
            }
            self._register(owns)
            yield owns

    def _licensee(self, provider: str) -> str:
        return f"{self._prefix}-{provider.replace('_', '-')}"

    def _started(self, name: str) -> contextlib.AbstractContextManager[Controlled]:
        folder = self._folder / name
        folder.mkdir()
        signer = Signer(key_id=self._licensee(name), key=Ed25519PrivateKey.generate())
        keys = self._stack.around.licensee_keys
        keys.mkdir(exist_ok=True)
        (keys / signer.key_id).write_text(base64.b64encode(signer.key.private_bytes_raw()).decode())
        return Maker(folder, signer).running() if self._book is None else serving(folder, signer, self._book)

    def _register(self, owns: dict[str, Own]) -> None:
        credentials = Tls.load(self._stack.around.tls / "platform").channel_credentials()
        providers = {provider.name: provider for provider in self._stack.provider_list}
        with grpc.secure_channel(f"127.0.0.1:{self._stack.around.ports.wallets[0]}", credentials) as channel:
            stub = RegistryServiceStub(channel)
            for name, own in owns.items():
                scheme, door = ("grpc", "grpc") if self._book is None else ("http", "json")
                wallet = own_wallet(f"{scheme}://127.0.0.1:{own.wallet.doors[door]}", own.licensee)
                wallet.deadline.FromMilliseconds(DEADLINE_MS)
                put_licensee(stub, own.licensee, "base", wallet=wallet)
                put_provider(stub, own.licensee, providers[name])


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for a condition that a blocking call looks at."""
    end = time.monotonic() + _PATIENCE_S
    while not await asyncio.to_thread(holds):
        if time.monotonic() > end:
            raise FailedError(f"it never came to this: {what}")
        await asyncio.sleep(0.05)
