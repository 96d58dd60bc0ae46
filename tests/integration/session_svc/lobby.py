"""What licensees, adapters and support do with a running mesh."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

from mesh.channels import call_metadata, secure_channel
from mesh.dev.stack import Stack
from mesh.status import RemoteError, read_error
from mesh.tls import Tls
from pitboss.compliance.v1 import compliance_service_pb2
from pitboss.compliance.v1.compliance_service_pb2_grpc import ComplianceServiceStub
from pitboss.session.v1 import catalog_service_pb2 as catalog
from pitboss.session.v1 import session_directory_service_pb2 as directory
from pitboss.session.v1 import session_service_pb2 as pb
from pitboss.session.v1.catalog_service_pb2_grpc import CatalogServiceStub
from pitboss.session.v1.session_directory_service_pb2_grpc import SessionDirectoryServiceStub
from pitboss.session.v1.session_service_pb2_grpc import SessionServiceStub
from pitboss.type.v1 import outcome_pb2
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2
from pitboss.wallet.v1 import wallet_service_pb2 as wallet
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub
from pitboss.wallet.v1.wallet_service_pb2_grpc import WalletServiceStub

LICENSEE = "aurora"
PROVIDER = "hub88_style"
GAME = "demo_fruit_5"

_NUMBERS = itertools.count(1)


class Lobby:
    """Stubs of one stack, each call with a deadline."""

    def __init__(self, stack: Stack, *, session_port: int = 0) -> None:
        self.stack = stack
        self._channels: list[grpc.aio.Channel] = []
        ports = stack.around.ports
        session_port = session_port or ports.session
        sessions = self._channel("platform", session_port)
        self.sessions, self.catalog = SessionServiceStub(sessions), CatalogServiceStub(sessions)
        self.directory = SessionDirectoryServiceStub(self._channel(f"provider_adapters/{PROVIDER}", session_port))
        self.other_directory = SessionDirectoryServiceStub(
            self._channel("provider_adapters/pragmatic_style", session_port)
        )
        self.provider_ledger = LedgerServiceStub(self._channel(f"provider_adapters/{PROVIDER}", ports.wallets[0]))
        self.ledger = LedgerServiceStub(self._channel("platform", ports.wallets[0]))
        self.registry = RegistryServiceStub(self._channel("platform", ports.wallets[0]))
        self.wallet = WalletServiceStub(self._channel("platform", ports.wallets[0]))
        self.compliance = ComplianceServiceStub(self._channel("platform", ports.compliance))

    def _channel(self, workload: str, port: int) -> grpc.aio.Channel:
        tls = Tls.load(self.stack.around.tls / workload)
        self._channels.append(secure_channel(f"127.0.0.1:{port}", tls))
        return self._channels[-1]

    async def close(self) -> None:
        for opened in self._channels:
            await opened.close()

    async def player(self) -> str:
        """A new grown-up player with money."""
        player = f"pl-{next(_NUMBERS)}"
        account = wallet.OpenAccountRequest(
            player_id=player, transaction_key="open", currency_code="GBP", born_on="1980-01-01"
        )
        await self.wallet.OpenAccount(account, timeout=20, metadata=call_metadata(LICENSEE))
        deposit = wallet.DepositRequest(
            player_id=player, transaction_key="first", amount=Money(currency_code="GBP", amount="50")
        )
        await self.wallet.Deposit(deposit, timeout=20, metadata=call_metadata(LICENSEE))
        return player

    async def create(
        self, player: str, key: str = "launch-1", *, licensee: str = LICENSEE, seconds: float = 8, **changes: Any
    ) -> pb.CreateSessionResponse:
        fields = {"provider": PROVIDER, "game_id": GAME, "currency_code": "GBP", "country": "GB", **changes}
        request = pb.CreateSessionRequest(client_key=f"{player}-{key}", player_id=player, **fields)
        return await self.sessions.CreateSession(request, timeout=seconds, metadata=call_metadata(licensee))

    async def demo(self, player: str, *, game_id: str = GAME) -> pb.CreateDemoSessionResponse:
        """A game for play money, always under the same key of the player."""
        request = pb.CreateDemoSessionRequest(
            client_key=f"{player}-demo",
            player_id=player,
            provider=PROVIDER,
            game_id=game_id,
            currency_code="GBP",
            country="GB",
        )
        return await self.sessions.CreateDemoSession(request, timeout=8, metadata=call_metadata(LICENSEE))

    async def get(self, session_id: str, *, licensee: str = LICENSEE, seconds: float = 5) -> pb.Session:
        request = pb.GetSessionRequest(session_id=session_id)
        answer = await self.sessions.GetSession(request, timeout=seconds, metadata=call_metadata(licensee))
        return answer.session

    async def end(self, session_id: str, *, licensee: str = LICENSEE) -> pb.Session:
        request = pb.CloseSessionRequest(session_id=session_id)
        answer = await self.sessions.CloseSession(request, timeout=20, metadata=call_metadata(licensee))
        return answer.session

    async def by_token(self, token: str, *, exact: bool = False) -> directory.ResolveSessionResponse:
        request = directory.ResolveSessionRequest(token=token, exact=exact)
        return await self.directory.ResolveSession(request, timeout=20)

    async def swap(self, token: str, key: str = "") -> directory.SwapTokenResponse:
        """Swap a launch token as the provider's adapter would, without a grace."""
        request = directory.SwapTokenRequest(token=token, swap_key=key)
        return await self.directory.SwapToken(request, timeout=20)

    async def is_swapped(self, token: str) -> bool:
        """Whether the launch token was swapped."""
        return (await self.by_token(token, exact=True)).token_role == directory.TOKEN_ROLE_SWAPPED

    async def by_player(self, player: str) -> directory.ResolveSessionResponse:
        request = directory.ResolveSessionRequest(player_reference=f"{LICENSEE}.{player}")
        return await self.directory.ResolveSession(request, timeout=20)

    async def bet(self, player: str, session_id: str) -> str:
        """Try a stake as the provider's adapter would; the outcome's name."""
        key = f"bet-{next(_NUMBERS)}"
        bet = action_pb2.Bet(
            round_id=key, amount=Money(currency_code="GBP", amount="0.10"), game_id=GAME, session_id=session_id
        )
        action = action_pb2.Action(player_id=player, transaction_key=key, bet=bet)
        answer = await self.provider_ledger.Execute(
            ledger_service_pb2.ExecuteRequest(action=action), timeout=20, metadata=call_metadata(LICENSEE)
        )
        return outcome_pb2.Outcome.Name(answer.result.outcome).removeprefix("OUTCOME_")

    async def exclude(self, player: str) -> None:
        request = compliance_service_pb2.StartExclusionRequest(player_id=player, transaction_key="out", term="6mo")
        await self.compliance.StartExclusion(request, timeout=20, metadata=call_metadata(LICENSEE))

    async def games(self, *, include_unavailable: bool = False, provider: str = PROVIDER) -> dict[str, str]:
        """Listed games, and why each is not available."""
        request = catalog.ListGamesRequest(include_unavailable=include_unavailable, provider=provider)
        answer = await self.catalog.ListGames(request, timeout=20, metadata=call_metadata(LICENSEE))
        return {game.game_id: game.unavailable_reason for game in answer.games}

    async def supplied(self) -> None:
        """Wait until the provider's games can be launched."""
        await until(self.games)

    def log(self, name: str) -> str:
        return (self.stack.run / "log" / f"{name}.log").read_text()


async def until(ask: Callable[[], Any], *, seconds: float = 60) -> None:
    """Ask until the answer is true."""
    began = time.monotonic()
    while True:
        try:
            if await ask():
                return
        except grpc.aio.AioRpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise
        assert time.monotonic() - began < seconds, "it did not come true"
        await asyncio.sleep(0.02)


async def refusal(call: Any) -> RemoteError:
    """What a call that must fail tells."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return read_error(error)
    raise AssertionError(f"not refused: {answer}")
