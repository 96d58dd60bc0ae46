"""A session office for tests.

It opens accounts and play in the real ledger, launches through the real adapter, and serves the session
directory from memory at the address where the adapters look for it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc.aio
import httpx
import uuid_utils

from mesh.channels import call_metadata, channel
from mesh.dev.stack import Stack
from mesh.errors import Kind, MeshError
from mesh.identity import ADAPTER_PREFIX, Policy
from mesh.server import MeshServer, Parts, Service
from mesh.settings import ProcessSettings
from pitboss.provider.v1 import provider_adapter_service_pb2 as adapter_pb
from pitboss.provider.v1.provider_adapter_service_pb2_grpc import ProviderAdapterServiceStub
from pitboss.session.v1 import session_directory_service_pb2 as directory_pb
from pitboss.session.v1.session_directory_service_pb2_grpc import (
    SessionDirectoryServiceServicer,
    add_SessionDirectoryServiceServicer_to_server,
)
from pitboss.session.v1.session_service_pb2 import SESSION_STATE_ACTIVE, Session
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, registry_service_pb2
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub

LICENSEE = "borealis"
DIRECTORY = "pitboss.session.v1.SessionDirectoryService"
_CATEGORIES = {
    "slot": registry_service_pb2.GAME_CATEGORY_SLOT,
    "table": registry_service_pb2.GAME_CATEGORY_TABLE,
    "live": registry_service_pb2.GAME_CATEGORY_LIVE,
}


class SessionNotFoundError(MeshError):
    """The licensee has no such session."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_SESSION_NOT_FOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A player in a game."""

    player: str
    session_id: str
    token: str
    launch_url: str
    currency_code: str

    @property
    def user(self) -> str:
        """The player reference."""
        return f"{LICENSEE}.{self.player}"


@dataclass(slots=True)
class Directory(SessionDirectoryServiceServicer):
    """Sessions by token and by player."""

    tokens: dict[str, directory_pb.ResolveSessionResponse] = field(default_factory=dict)
    newest: dict[str, directory_pb.ResolveSessionResponse] = field(default_factory=dict)
    asked: int = 0

    async def ResolveSession(self, request: Any, context: Any) -> directory_pb.ResolveSessionResponse:  # noqa: N802
        """As the session service does."""
        self.asked += 1
        known: Mapping[str, Any] = self.tokens if request.WhichOneof("name") == "token" else self.newest
        found = known.get(request.token or request.player_reference)
        if found is None:
            raise SessionNotFoundError
        return found  # type: ignore[no-any-return]


class Office:
    """Talks to the parts of a stack as the session service would."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.directory = Directory()
        around = stack.around
        self._session_settings = self._settings("session_svc", f"127.0.0.1:{around.ports.session}")
        self._platform_settings = self._settings("platform", "127.0.0.1:0")
        wallet = f"127.0.0.1:{around.ports.wallets[0]}"
        self._channels: list[grpc.aio.Channel] = []
        self.ledger = LedgerServiceStub(self._channel(wallet, self._platform_settings))
        self.registry = RegistryServiceStub(self._channel(wallet, self._platform_settings))
        self._server: MeshServer | None = None
        self.http = httpx.AsyncClient(timeout=30, trust_env=False)

    def _settings(self, workload: str, listen: str) -> ProcessSettings:
        folder = self.stack.around.tls / workload
        return ProcessSettings(listen=listen, tls_dir=folder, drain_seconds=0.1, notice_seconds=0)

    def _channel(self, target: str, settings: ProcessSettings) -> grpc.aio.Channel:
        opened = channel(target, settings)
        self._channels.append(opened)
        return opened

    def adapter(self, provider: str) -> Any:
        """The adapter's gRPC service, called as the session service calls it."""
        address = f"127.0.0.1:{self.stack.around.ports.adapters[provider]}"
        return ProviderAdapterServiceStub(self._channel(address, self._session_settings))

    async def open(self) -> None:
        """Begin to answer."""
        service = Service(name=DIRECTORY, add=add_SessionDirectoryServiceServicer_to_server, servicer=self.directory)
        policy = Policy({DIRECTORY: {f"{ADAPTER_PREFIX}*"}})
        self._server = MeshServer(self._session_settings, Parts(services=[service], policy=policy))
        await self._server.start()

    async def close_directory(self) -> None:
        """Stop answering: the session service is down."""
        if self._server is not None:
            await self._server.stop()
            self._server = None

    async def close(self) -> None:
        """Close everything."""
        await self.close_directory()
        await self.http.aclose()
        for opened in self._channels:
            await opened.close()

    async def put_games(self, provider: str) -> None:
        """Tell the ledger what the adapter says about its games."""
        reply = await self.adapter(provider).ListProviderGames(adapter_pb.ListProviderGamesRequest(), timeout=5)
        games = [
            registry_service_pb2.Game(game_id=game.game_id, category=_CATEGORIES[game.category], enabled=True)
            for game in reply.games
        ]
        request = registry_service_pb2.PutGamesRequest(licensee_id=LICENSEE, provider=provider, games=games)
        await self.registry.PutGames(request, timeout=5)

    async def execute(self, player: str, key: str, source: str = "", **action: Any) -> action_pb2.Result:
        """One action in the ledger."""
        request = ledger_service_pb2.ExecuteRequest(
            action=action_pb2.Action(player_id=player, transaction_key=key, **action)
        )
        metadata = call_metadata(licensee=LICENSEE, source=source or None)
        return (await self.ledger.Execute(request, timeout=5, metadata=metadata)).result

    async def player(self, *, money: str = "100.00", currency: str = "EUR") -> str:
        """A new player with money."""
        player = f"pl-{secrets.token_hex(4)}"
        opened = action_pb2.OpenAccount(currency_code=currency, jurisdiction="sandbox", born_on="1990-01-01")
        await self._must(player, "open", open_account=opened)
        if money != "0":
            deposit = action_pb2.Deposit(amount=Money(currency_code=currency, amount=money))
            await self._must(player, "deposit", source="cashier", deposit=deposit)
        return player

    async def launch(self, provider: str, game_id: str, player: str = "", *, currency: str = "EUR") -> Launched:
        """Open play and launch a game, as the session service does."""
        player = player or await self.player(currency=currency)
        session_id, token = str(uuid_utils.uuid7()), secrets.token_urlsafe(24)
        play = action_pb2.OpenPlay(session_id=session_id, provider=provider, currency_code=currency, game_id=game_id)
        await self._must(player, session_id, open_play=play)
        self._remember(provider, session_id, token, player, game_id, currency)
        request = adapter_pb.CreateLaunchRequest(
            session_id=session_id,
            token=token,
            player_reference=f"{LICENSEE}.{player}",
            game_id=game_id,
            currency_code=currency,
            language="en",
            country="DE",
        )
        reply = await self.adapter(provider).CreateLaunch(request, timeout=5)
        return Launched(
            player=player, session_id=session_id, token=token, launch_url=reply.launch_url, currency_code=currency
        )

    def _remember(self, provider: str, session_id: str, token: str, player: str, game_id: str, currency: str) -> None:
        session = Session(
            session_id=session_id,
            player_id=player,
            provider=provider,
            game_id=game_id,
            currency_code=currency,
            state=SESSION_STATE_ACTIVE,
        )
        found = directory_pb.ResolveSessionResponse(
            licensee_id=LICENSEE, session=session, token=token, country="DE", jurisdiction="sandbox"
        )
        self.directory.tokens[token] = found
        self.directory.newest[f"{LICENSEE}.{player}"] = found

    async def balance(self, player: str, currency: str = "EUR") -> str:
        """Available money in the ledger."""
        request = ledger_service_pb2.GetBalanceRequest(player_id=player, currency_code=currency)
        reply = await self.ledger.GetBalance(request, timeout=5, metadata=call_metadata(licensee=LICENSEE))
        return str(reply.balances.available.amount)

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

    async def finished(self, provider: str, play_id: str, within_s: float = 60) -> dict[str, Any]:
        """Wait for the end of a play."""
        async with asyncio.timeout(within_s):
            while (play := await self.control(provider, "GET", f"plays/{play_id}"))["running"]:
                await asyncio.sleep(0.1)
        return play  # type: ignore[no-any-return]
