"""A running mesh for adapters: the real ledger, gateway, adapters and studios. The test is the platform."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import httpx

from mesh.dev.processes import HOST
from mesh.dev.stack import DemoLicensee, Options, Stack
from mesh.tls import Tls
from pitboss.provider.v1 import provider_adapter_service_pb2 as provider_pb
from pitboss.provider.v1.provider_adapter_service_pb2_grpc import ProviderAdapterServiceStub
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, registry_service_pb2
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub

LICENSEE = "aurora"
TIMEOUT_S = 10.0
_CATEGORIES = {"slot": 1, "table": 2, "live": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """A player with a launched game."""

    player_id: str
    reference: str
    session_id: str
    token: str
    provider: str
    game_id: str
    launch_url: str


class World:
    """One stack, and the calls a test makes to it."""

    def __init__(self) -> None:
        licensee = DemoLicensee(id=LICENSEE, pack="sandbox", currency="EUR")
        self.stack = Stack(Options(kind="adapters", licensees=(licensee,), log_level="info"))
        self._count = itertools.count(1)

    def __enter__(self) -> World:
        self.stack.start()
        # Launches are made here and not by the session service, which would not know them.
        if "session_svc" in self.stack.names:
            self.stack.kill("session_svc")
        around = self.stack.around
        credentials = Tls.load(around.tls / "platform").channel_credentials()
        ports = [around.ports.wallets[0], *around.ports.adapters.values()]
        self._channels = [grpc.secure_channel(f"{HOST}:{port}", credentials) for port in ports]
        self._ledger = LedgerServiceStub(self._channels[0])
        self._registry = RegistryServiceStub(self._channels[0])
        self._adapters = dict(
            zip(around.ports.adapters, map(ProviderAdapterServiceStub, self._channels[1:]), strict=True)
        )
        self.http = httpx.Client(timeout=TIMEOUT_S, trust_env=False)
        for provider in self._adapters:
            self._take_over_catalog(provider)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        for channel in self._channels:
            channel.close()
        self.stack.close()

    # -- the platform

    def player(
        self, provider: str, *, cash: str = "100.00", currency_code: str = "EUR", game_id: str = "", like: str = ""
    ) -> Player:
        """A new player (or `like` a known one, once more) with money and a launched game."""
        number = next(self._count)
        player_id = like or f"pl-{number}"
        self.do(player_id, open_account=action_pb2.OpenAccount(currency_code=currency_code))
        if cash != "0":
            self.do(player_id, deposit=action_pb2.Deposit(amount=money(cash, currency_code)))
        return self.launch(provider, player_id, currency_code=currency_code, game_id=game_id)

    def launch(self, provider: str, player_id: str, *, currency_code: str, game_id: str = "") -> Player:
        """A new session of a known player."""
        number = next(self._count)
        game_id = game_id or self.games[provider]
        session_id, token = f"session-{number}", f"token-{number:016d}"
        opened = action_pb2.OpenPlay(
            session_id=session_id, provider=provider, currency_code=currency_code, game_id=game_id
        )
        self.do(player_id, open_play=opened)
        reference = f"{LICENSEE}.{player_id}"
        request = provider_pb.CreateLaunchRequest(
            session_id=session_id,
            token=token,
            player_reference=reference,
            game_id=game_id,
            currency_code=currency_code,
            language="en",
            country="MT",
        )
        reply = self._adapters[provider].CreateLaunch(request, timeout=TIMEOUT_S)
        return Player(
            player_id=player_id,
            reference=reference,
            session_id=session_id,
            token=token,
            provider=provider,
            game_id=game_id,
            launch_url=reply.launch_url,
        )

    def do(self, player_id: str, source: str = "platform", **kind: Any) -> action_pb2.Result:
        """An action of the platform that has to succeed."""
        action = action_pb2.Action(player_id=player_id, transaction_key=f"world-{next(self._count)}", **kind)
        request = ledger_service_pb2.ExecuteRequest(action=action)
        result = self._ledger.Execute(request, metadata=_metadata(source), timeout=TIMEOUT_S).result
        assert result.outcome == Outcome.OUTCOME_OK, result
        return result

    @property
    def games(self) -> Mapping[str, str]:
        """A game of each provider."""
        return self._games

    def _take_over_catalog(self, provider: str) -> None:
        listed = self._adapters[provider].ListProviderGames(
            provider_pb.ListProviderGamesRequest(), timeout=TIMEOUT_S, wait_for_ready=True
        )
        games = [
            registry_service_pb2.Game(game_id=game.game_id, category=_CATEGORIES[game.category], enabled=True)  # type: ignore[arg-type]
            for game in listed.games
        ]
        request = registry_service_pb2.PutGamesRequest(licensee_id=LICENSEE, provider=provider, games=games)
        self._registry.PutGames(request, timeout=TIMEOUT_S)
        self._games = {**getattr(self, "_games", {}), provider: listed.games[0].game_id}

    # -- what is true

    def cash(self, player: Player, currency_code: str = "EUR") -> str:
        """Present cash, as the ledger says."""
        request = ledger_service_pb2.GetBalanceRequest(player_id=player.player_id, currency_code=currency_code)
        reply = self._ledger.GetBalance(request, metadata=_metadata(), timeout=TIMEOUT_S)
        return str(reply.balances.available.amount)

    def heads(self) -> list[int]:
        """How long the ledger is, by shard."""
        reply = self._ledger.ListHeads(ledger_service_pb2.ListHeadsRequest(), timeout=TIMEOUT_S)
        return [head.sequence for head in reply.heads]

    def log(self, process: str) -> str:
        """Everything a process has written."""
        return self.stack.child(process).command.log.read_text()

    # -- the provider's side

    def callback(self, provider: str, path: str, body: bytes, **options: Any) -> httpx.Response:
        """Post to the provider's callback address, through the gateway."""
        return self.http.post(f"{self.stack.around.callback_url(provider)}{path}", content=body, **options)

    def studio(self, provider: str, command: str, **content: Any) -> Any:
        """A command to the studio simulator; without content a question."""
        url = f"{self.stack.around.studio_url(provider)}/control/{command}"
        reply = self.http.post(url, json=content) if content else self.http.get(url)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def credentials(self, provider: str) -> Mapping[str, str]:
        """What the studio signs with."""
        return self.stack.vault.credentials[provider].studio


def money(amount: str, currency_code: str = "EUR") -> Money:
    return Money(currency_code=currency_code, amount=amount)


def _metadata(source: str = "platform") -> tuple[tuple[str, str], ...]:
    return (("x-pitboss-licensee", LICENSEE), ("x-pitboss-source", source))
