"""What the tests do around the adapters: accounts, money and sessions, through the real services of a stack."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import httpx

from mesh.channels import call_metadata, channel
from mesh.dev.stack import Stack
from mesh.settings import ProcessSettings
from pitboss.provider.v1.provider_adapter_service_pb2_grpc import ProviderAdapterServiceStub
from pitboss.session.v1 import catalog_service_pb2, session_directory_service_pb2, session_service_pb2
from pitboss.session.v1.catalog_service_pb2_grpc import CatalogServiceStub
from pitboss.session.v1.session_directory_service_pb2_grpc import SessionDirectoryServiceStub
from pitboss.session.v1.session_service_pb2_grpc import SessionServiceStub
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2
from pitboss.wallet.v1.history_service_pb2_grpc import HistoryServiceStub
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub

LICENSEE = "borealis"
_PATIENCE_S = 60.0
_UNDECIDED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A player in a game."""

    player: str
    session_id: str
    token: str
    launch_url: str
    currency_code: str
    licensee: str = LICENSEE

    @property
    def user(self) -> str:
        """The player reference."""
        return f"{self.licensee}.{self.player}"


class Office:
    """Talks to the parts of a stack as the session service would."""

    licensee = LICENSEE

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        around = stack.around
        self._channels: dict[tuple[str, int], grpc.aio.Channel] = {}
        wallet = self._channel("platform", around.ports.wallets[0])
        self.ledger = LedgerServiceStub(wallet)
        self.history = HistoryServiceStub(wallet)
        self.registry = RegistryServiceStub(wallet)
        session = self._channel("platform", around.ports.session)
        self.sessions = SessionServiceStub(session)
        self.catalog = CatalogServiceStub(session)
        self.http = httpx.AsyncClient(timeout=30, trust_env=False)

    def _channel(self, workload: str, port: int) -> grpc.aio.Channel:
        """The channel to a process of the stack, called as this workload."""
        if (workload, port) not in self._channels:
            settings = ProcessSettings(listen="127.0.0.1:0", tls_dir=self.stack.around.tls / workload)
            self._channels[workload, port] = channel(f"127.0.0.1:{port}", settings)
        return self._channels[workload, port]

    def adapter(self, provider: str) -> Any:
        """The adapter's gRPC service, called as the session service calls it."""
        return ProviderAdapterServiceStub(self._channel("session_svc", self.stack.around.ports.adapters[provider]))

    async def open(self) -> None:
        """Begin: the session service runs, whatever the last test did to it."""
        if not self.stack.is_running("session_svc"):
            await asyncio.to_thread(self.stack.restart, "session_svc")

    async def close_directory(self) -> None:
        """Stop the session service."""
        await asyncio.to_thread(self.stack.stop_process, "session_svc")

    async def close(self) -> None:
        """Close everything."""
        await self.http.aclose()
        for opened in self._channels.values():
            await opened.close()

    async def put_games(self, provider: str) -> None:
        """Wait until the catalog has the games of a provider."""
        async with asyncio.timeout(60):
            while not await self.offered(provider):
                await asyncio.sleep(0.1)

    async def offered(self, provider: str) -> list[str]:
        """Games of a provider that can be launched now."""
        request = catalog_service_pb2.ListGamesRequest(provider=provider)
        reply = await self.catalog.ListGames(request, timeout=20, metadata=call_metadata(licensee=self.licensee))
        return [game.game_id for game in reply.games]

    async def execute(self, player: str, key: str, source: str = "", **action: Any) -> action_pb2.Result:
        """One action in the ledger."""
        request = ledger_service_pb2.ExecuteRequest(
            action=action_pb2.Action(player_id=player, transaction_key=key, **action)
        )
        metadata = call_metadata(licensee=self.licensee, source=source or None)
        return (await self.ledger.Execute(request, timeout=20, metadata=metadata)).result

    async def player(self, *, money: str = "100.00", currency: str = "EUR", jurisdiction: str = "sandbox") -> str:
        """A new player with money."""
        player = f"pl-{secrets.token_hex(8)}"
        opened = action_pb2.OpenAccount(currency_code=currency, jurisdiction=jurisdiction, born_on="1990-01-01")
        await self._must(player, "open", open_account=opened)
        if money != "0":
            deposit = action_pb2.Deposit(amount=Money(currency_code=currency, amount=money))
            await self._must(player, "deposit", source="cashier", deposit=deposit)
        return player

    async def launch(
        self,
        provider: str,
        game_id: str,
        player: str = "",
        *,
        currency: str = "EUR",
        device: session_service_pb2.Device.ValueType = session_service_pb2.DEVICE_UNSPECIFIED,
    ) -> Launched:
        """Create a session, and look up the token that the provider holds for it."""
        player = player or await self.player(currency=currency)
        created = await self.created(self.order(provider, game_id, player, currency=currency, device=device))
        return Launched(
            player=player,
            session_id=created.session.session_id,
            token=await self.token(provider, player),
            launch_url=created.launch_url,
            currency_code=currency,
            licensee=self.licensee,
        )

    def order(
        self,
        provider: str,
        game_id: str,
        player: str,
        *,
        currency: str = "EUR",
        device: session_service_pb2.Device.ValueType = session_service_pb2.DEVICE_UNSPECIFIED,
    ) -> session_service_pb2.CreateSessionRequest:
        """What asks for a session, under a key of its own."""
        return session_service_pb2.CreateSessionRequest(
            client_key=secrets.token_hex(8),
            player_id=player,
            provider=provider,
            game_id=game_id,
            currency_code=currency,
            country="DE",
            device=device,
        )

    async def created(
        self, order: session_service_pb2.CreateSessionRequest
    ) -> session_service_pb2.CreateSessionResponse:
        """The session of an order, which is sent again under its key while the answer is "try again", as licensees do."""
        end = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            try:
                return await self.create(order)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _UNDECIDED or asyncio.get_running_loop().time() > end:
                    raise
            await asyncio.sleep(0.2)

    async def create(
        self, order: session_service_pb2.CreateSessionRequest
    ) -> session_service_pb2.CreateSessionResponse:
        """Ask for a session once."""
        metadata = call_metadata(licensee=self.licensee)
        created: session_service_pb2.CreateSessionResponse
        created = await self.sessions.CreateSession(order, timeout=30, metadata=metadata)
        return created

    async def token(self, provider: str, player: str) -> str:
        """The token that a provider holds for the player's newest session."""
        as_adapter = self._channel(f"provider_adapters/{provider}", self.stack.around.ports.session)
        request = session_directory_service_pb2.ResolveSessionRequest(player_reference=f"{self.licensee}.{player}")
        reply = await SessionDirectoryServiceStub(as_adapter).ResolveSession(request, timeout=20)
        return str(reply.token)

    async def balance(self, player: str, currency: str = "EUR") -> str:
        """Available money in the ledger."""
        request = ledger_service_pb2.GetBalanceRequest(player_id=player, currency_code=currency)
        reply = await self.ledger.GetBalance(request, timeout=20, metadata=call_metadata(licensee=self.licensee))
        return str(reply.balances.available.amount)

    async def round_state(self, player: str, provider: str, round_id: str) -> int:
        """State of a round in the ledger."""
        request = ledger_service_pb2.GetRoundRequest(player_id=player, provider=provider, round_id=round_id)
        reply = await self.ledger.GetRound(request, timeout=20, metadata=call_metadata(licensee=self.licensee))
        return int(reply.state)

    async def _must(self, player: str, key: str, source: str = "", **action: Any) -> None:
        result = await self.execute(player, key, source, **action)
        assert result.outcome == Outcome.OUTCOME_OK, Outcome.Name(result.outcome)

    # -- the studio's control API

    async def control(self, provider: str, method: str, command: str, **content: Any) -> Any:
        """One command to a studio simulator."""
        url = f"{self.stack.around.studio_url(provider)}/control/{command}"
        reply = await self.http.request(method, url, json=content or None)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def finished(self, provider: str, play_id: str, within_s: float = 100) -> dict[str, Any]:
        """Wait for the end of a play."""
        async with asyncio.timeout(within_s):
            while (play := await self.control(provider, "GET", f"plays/{play_id}"))["running"]:
                await asyncio.sleep(0.1)
        return play  # type: ignore[no-any-return]
