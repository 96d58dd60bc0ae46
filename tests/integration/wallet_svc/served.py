"""A wallet behind its real gRPC server, in this process; callers name themselves instead of showing a certificate."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import Any

import grpc.aio

from mesh.channels import call_metadata, channel
from mesh.identity import SCOPES_HEADER
from mesh.server import MeshServer, Parts
from mesh.settings import ProcessSettings
from mesh.status import read_error
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import (
    action_pb2,
    history_service_pb2_grpc,
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    registry_service_pb2,
    registry_service_pb2_grpc,
    wallet_service_pb2_grpc,
)
from wallet_svc.config import WalletSettings
from wallet_svc.wiring import build

LICENSEE, PROVIDER, ADAPTER = "borealis", "acme", "provider_adapters/acme"
_STUBS: dict[str, Any] = {
    "history": history_service_pb2_grpc.HistoryServiceStub,
    "ledger": ledger_service_pb2_grpc.LedgerServiceStub,
    "wallet": wallet_service_pb2_grpc.WalletServiceStub,
    "registry": registry_service_pb2_grpc.RegistryServiceStub,
}


def money(amount: str, currency: str = "EUR") -> Money:
    return Money(currency_code=currency, amount=amount)


def bet(amount: str, round_id: str = "r1", **more: Any) -> action_pb2.Bet:
    given = {"session_id": "s", "game_id": "g1", "amount": money(amount), **more}
    return action_pb2.Bet(round_id=round_id, **given)


def win(amount: str, round_id: str = "r1", **more: Any) -> action_pb2.Win:
    return action_pb2.Win(round_id=round_id, amount=money(amount), **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A failed call: the code and the reason, and which fields were wrong."""

    code: str
    reason: str
    fields: tuple[str, ...] = ()


async def refusal(call: Awaitable[Any]) -> Refusal:
    """The failure of a call that must fail."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        told = read_error(error)
        fields = tuple(name for name, _ in told.violations)
        return Refusal(code=told.code.name, reason=told.reason.removeprefix("ERROR_REASON_"), fields=fields)
    raise AssertionError(f"the call was served: {answer}")


@dataclass(slots=True)
class Caller:
    """One workload that speaks for one licensee."""

    address: str
    settings: ProcessSettings
    workload: str
    licensee: str
    source: str
    scopes: str
    stack: contextlib.AsyncExitStack
    _channel: grpc.aio.Channel | None = None

    def __getattr__(self, name: str) -> Any:
        if name not in _STUBS:
            raise AttributeError(name)
        if self._channel is None:
            self._channel = channel(self.address, self.settings, workload=self.workload)
            self.stack.push_async_callback(self._channel.close)
        return _Calls(_STUBS[name](self._channel), self)

    async def do(self, player: str, key: str, **kind: Any) -> action_pb2.Result:
        """One action in the ledger."""
        request = ledger_service_pb2.ExecuteRequest(
            action=action_pb2.Action(player_id=player, transaction_key=key, **kind)
        )
        return (await self.ledger.Execute(request)).result  # type: ignore[no-any-return]


@dataclass(slots=True)
class _Calls:
    stub: Any
    caller: Caller

    def __getattr__(self, method: str) -> Any:
        who = self.caller
        metadata = (*call_metadata(who.licensee, source=who.source or None), (SCOPES_HEADER, who.scopes))

        def call(request: Any, timeout: float = 20) -> Any:
            return getattr(self.stub, method)(request, timeout=timeout, metadata=metadata)

        return call


@dataclass(slots=True)
class Served:
    """A running wallet."""

    address: str
    settings: WalletSettings
    stack: contextlib.AsyncExitStack
    callers: dict[tuple[str, ...], Caller] = field(default_factory=dict)

    def caller(
        self, workload: str = "platform", licensee: str = LICENSEE, *, source: str = "", scopes: str = "wallet"
    ) -> Caller:
        name = (workload, licensee, source, scopes)
        if name not in self.callers:
            self.callers[name] = Caller(self.address, self.settings, workload, licensee, source, scopes, self.stack)
        return self.callers[name]

    @property
    def adapter(self) -> Caller:
        return self.caller(ADAPTER)

    @property
    def cashier(self) -> Caller:
        return self.caller("gateway")

    @property
    def platform(self) -> Caller:
        return self.caller()

    async def register(self, licensee: str = LICENSEE, jurisdiction: str = "sandbox") -> None:
        registry = self.caller().registry
        tenant = registry_service_pb2.Licensee(licensee_id=licensee, default_jurisdiction=jurisdiction)
        await registry.PutLicensee(registry_service_pb2.PutLicenseeRequest(licensee=tenant))
        await registry.PutProvider(registry_service_pb2.PutProviderRequest(licensee_id=licensee, provider=PROVIDER))
        games = [
            registry_service_pb2.Game(game_id="g1", category=registry_service_pb2.GAME_CATEGORY_LIVE, enabled=True),
            registry_service_pb2.Game(game_id="slot", category=registry_service_pb2.GAME_CATEGORY_SLOT, enabled=True),
        ]
        request = registry_service_pb2.PutGamesRequest(licensee_id=licensee, provider=PROVIDER, games=games)
        await registry.PutGames(request)

    async def player(self, name: str = "", cash: str = "100.00", licensee: str = LICENSEE, **more: Any) -> str:
        """Open a player with money and the session "s"."""
        name = name or f"p-{secrets.token_hex(4)}"
        cashier = self.caller("platform", licensee, source="cashier")
        given = {"currency_code": "EUR", "born_on": "1990-01-01", **more}
        opened = action_pb2.OpenAccount(**given)
        steps: dict[str, dict[str, Any]] = {"open": {"open_account": opened}}
        if float(cash):
            steps["opening"] = {"deposit": action_pb2.Deposit(amount=money(cash, given["currency_code"]))}
        play = action_pb2.OpenPlay(session_id="s", provider=PROVIDER, currency_code=given["currency_code"])
        for key, kind in {**steps, "play": {"open_play": play}}.items():
            result = await cashier.do(name, key, **kind)
            assert result.outcome == 1, result
        return name


@contextlib.asynccontextmanager
async def serving(database_url: str, **changes: Any) -> AsyncIterator[Served]:
    """A wallet on a free port, with one licensee."""
    settings = WalletSettings(
        listen="127.0.0.1:0", environment="development", insecure_loopback=True, database_url=database_url,
        sandbox=True, feed_interval_ms=10, sweep_interval_ms=50, drain_seconds=0.2, notice_seconds=0, **changes,
    )  # fmt: skip
    async with contextlib.AsyncExitStack() as stack:
        address = await stack.enter_async_context(running(settings, await build(settings)))
        served = Served(address, settings, stack)
        await served.register()
        yield served


@contextlib.asynccontextmanager
async def running(settings: ProcessSettings, parts: Parts) -> AsyncIterator[str]:
    """A process's parts at work, as `mesh.server.run` does it. Gives the address."""
    server = MeshServer(settings, parts)
    port = await server.start()
    tasks = [asyncio.ensure_future(task()) for task in parts.tasks.values()]
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for close in reversed(parts.closers):
            await close()
