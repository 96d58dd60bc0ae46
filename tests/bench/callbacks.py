"""A studio's signed bets through Envoy to committed ledger entries, against the same with a wallet that does nothing.

The yardstick pays for everything but the wallet: Envoy, HTTP, signature, translation, a gRPC call with mutual TLS.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import cast
from urllib.parse import urlsplit

import grpc

from mesh.dev.child import Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_port
from mesh.dev.providers import discover
from mesh.dev.stack import Options, Stack
from mesh.tls import Tls
from pitboss.session.v1 import session_directory_service_pb2, session_service_pb2
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2
from provider_adapters._kit import manifest
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.runner import ADAPTERS
from provider_adapters._kit.studio.line import message
from provider_adapters._kit.studio.ports import Act, ActKind, Reaction, Seat, Studio, StudioParts
from tests.bench import http, noop_wallet
from tests.bench.wallet import raw

_LICENSEE = "aurora"
_JURISDICTION = "cw"
"""A law that asks for no pause between two games of a slot, nor for papers after a large deposit."""
_PLAYERS, _IN_FLIGHT = 64, 32
_TURNS = 3

_Method = Callable[..., bytes]
"""A method that takes and gives bytes."""
Changes = dict[str, dict[str, str]]
"""Further environment of processes by name, which a restart reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    execute: _Method
    create: _Method
    resolve: _Method
    swap: _Method


class Style:
    """One provider: its studio, and players seated at its first game."""

    def __init__(self, stack: Stack, provider: str, *, players: int = _PLAYERS) -> None:
        self._stack, self.provider, self._players = stack, provider, players
        self._url = urlsplit(stack.around.callback_url(provider))
        credentials = json.loads((stack.around.credentials / f"{provider}.studio.json").read_text())
        module = importlib.import_module(f"provider_adapters.{provider}.studio")
        parts = StudioParts(credentials=credentials, callback_url=stack.around.callback_url(provider))
        self._studio = cast("Studio", module.create(parts))
        self.game = self._studio.games[0].game_id
        self._seats = self._seat_all()
        self._acts: list[Act] = []

    @property
    def port(self) -> int:
        """Where the gateway listens for studios."""
        return cast("int", self._url.port)

    def bets(self, prefix: str) -> Iterator[bytes]:
        """Signed bets of all players in turn, for ever."""
        self._acts = []
        for number in itertools.count():
            name, now_ms = f"{prefix}{number}", time.time_ns() // 1_000_000
            act = Act(
                kind=ActKind.BET,
                seat=self._seats[number % self._players],
                transaction_key=f"bench-{name}",
                round_id=f"round-{name}",
                amount=Decimal("1.00"),
                sent_at_ms=now_ms,
            )
            self._acts.append(act)
            yield message(self._url, self._studio.write(act))

    def accepted(self, number: int, reply: HttpReply) -> bool:
        """Whether the provider takes the bet of this number for accepted."""
        return self._studio.read(self._acts[number], reply).reaction is Reaction.ACCEPTED

    def run_at(self, prefix: str, rate: float, seconds: float) -> http.Run:
        """As `run`, with no more messages than this rate needs."""
        messages = itertools.islice(self.bets(prefix), int(rate * seconds) + 2)
        return http.Run(self.port, messages, self.accepted, server=self._stack.pid(self.provider), seconds=seconds)

    def run(self, prefix: str, seconds: float) -> http.Run:
        """A run of bets; `prefix` makes their keys new."""
        server = self._stack.pid(self.provider)
        return http.Run(self.port, self.bets(prefix), self.accepted, server=server, seconds=seconds)

    def _seat_all(self) -> list[Seat]:
        tls, ports = self._stack.around.tls, self._stack.around.ports
        platform = Tls.load(tls / "platform").channel_credentials()
        adapter = Tls.load(tls / "provider_adapters" / self.provider).channel_credentials()
        with (
            grpc.secure_channel(f"127.0.0.1:{ports.wallets[0]}", platform) as wallet,
            grpc.secure_channel(f"127.0.0.1:{ports.session}", platform) as sessions,
            grpc.secure_channel(f"127.0.0.1:{ports.session}", adapter) as directory,
        ):
            desk = _Desk(
                execute=raw(wallet, "/pitboss.wallet.v1.LedgerService/ExecuteBatch"),
                create=raw(sessions, "/pitboss.session.v1.SessionService/CreateSession"),
                resolve=raw(directory, "/pitboss.session.v1.SessionDirectoryService/ResolveSession"),
                swap=raw(directory, "/pitboss.session.v1.SessionDirectoryService/SwapToken"),
            )
            return [self._seat(f"{self.provider}-{number}", desk) for number in range(self._players)]

    def _seat(self, player: str, desk: _Desk) -> Seat:
        metadata = (("x-pitboss-licensee", _LICENSEE), ("x-pitboss-source", "cashier"))
        opening = ledger_service_pb2.ExecuteBatchRequest(actions=_opening(player))
        desk.execute(opening.SerializeToString(), timeout=10, metadata=metadata)
        session = session_service_pb2.CreateSessionRequest(
            client_key=f"bench-{player}",
            player_id=player,
            provider=self.provider,
            game_id=self.game,
            currency_code=noop_wallet.CURRENCY,
        )
        _when_offered(lambda: desk.create(session.SerializeToString(), timeout=10, metadata=metadata))
        user = f"{_LICENSEE}.{player}"
        return Seat(
            launch_id=player,
            user=user,
            token=self._token(user, desk),
            currency_code=noop_wallet.CURRENCY,
            game_id=self.game,
        )

    def _token(self, user: str, desk: _Desk) -> str:
        """The token with which the game goes on once it is open."""
        question = session_directory_service_pb2.ResolveSessionRequest(player_reference=user)
        answer = desk.resolve(question.SerializeToString(), timeout=10)
        token = session_directory_service_pb2.ResolveSessionResponse.FromString(answer).token
        if Capability.TOKEN_SWAP not in manifest.load(ADAPTERS / self.provider).capabilities:
            return token
        request = session_directory_service_pb2.SwapTokenRequest(token=token)
        answer = desk.swap(request.SerializeToString(), timeout=10)
        return session_directory_service_pb2.SwapTokenResponse.FromString(answer).token


def measure(seconds: float) -> Iterator[dict[str, float]]:
    """Each style's callbacks per second, those with the wallet that does nothing, their ratio, latency at half load."""
    for provider in discover():
        changes: Changes = {}
        options = Options(kind="bench", log_level="warning", providers=frozenset({provider.name}), environment=changes)
        with Stack(options) as stack:
            yield _measured(Style(stack, provider.name), stack, changes, seconds)


def over_all(found: dict[str, float]) -> dict[str, float]:
    """The mean style: rates over all of them, and the ratio of the two."""
    rates = {
        name: [value for key, value in found.items() if key.startswith(f"{name}.")]
        for name in ("callback_rps", "callback_noop_rps")
    }
    means = {name: sum(values) / len(values) for name, values in rates.items()}
    return {**means, "callback_over_noop": means["callback_rps"] / means["callback_noop_rps"]}


def _measured(style: Style, stack: Stack, changes: Changes, seconds: float) -> dict[str, float]:
    """The wallet and the one that does nothing take turns: the speed of a machine changes from one half minute to the next."""
    name, real, noop = style.provider, list[http.Answers](), list[http.Answers]()
    with _noop_wallet(stack) as address:
        for turn in range(_TURNS):
            _until_accepted(style)
            real.append(style.run(f"real{turn}-", seconds / _TURNS).fast(_IN_FLIGHT))
            changes[name] = {"PITBOSS_WALLET_ADDRESSES": address}
            stack.restart(name)
            _until_accepted(style)
            noop.append(style.run(f"noop{turn}-", seconds / _TURNS).fast(_IN_FLIGHT))
            del changes[name]
            stack.restart(name)
    _until_accepted(style)
    rps, noop_rps = (sum(one.rps for one in turns) / _TURNS for turns in (real, noop))
    half = style.run("half", seconds).steady(rps / 2, _IN_FLIGHT)
    return {
        f"callback_rps.{name}": rps,
        f"callback_noop_rps.{name}": noop_rps,
        f"callback_over_noop.{name}": rps / noop_rps,
        f"callback_half_load_p50_ms.{name}": half.p50_ms,
        f"callback_half_load_p99_ms.{name}": half.p99_ms,
        f"callback_wrong.{name}": sum(one.wrong for one in (*real, *noop, half)),
        f"callback_adapter_cpu_us.{name}": sum(one.server_cpu_us for one in real) / _TURNS,
    }


@contextmanager
def _noop_wallet(stack: Stack) -> Iterator[str]:
    """The address of a wallet that does nothing."""
    address = f"127.0.0.1:{free_port()}"
    child = spawn(
        Command(
            name="noop_wallet",
            argv=[sys.executable, "-m", "tests.bench.noop_wallet", address, str(stack.around.tls / "wallet_svc")],
            environment={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHON_PATH},
            log=stack.run / "noop_wallet.log",
            directory=ROOT,
        )
    )
    try:
        yield address
    finally:
        child.kill()


def _when_offered(launch: Callable[[], bytes], patience_s: float = 15) -> None:
    """Games of a provider are hidden until the mesh has heard that it is well."""
    ends = time.monotonic() + patience_s
    while True:
        try:
            launch()
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.FAILED_PRECONDITION or time.monotonic() > ends:
                raise
            time.sleep(0.1)
        else:
            return


def _until_accepted(style: Style, patience_s: float = 15) -> None:
    """The gateway takes a moment to find a restarted adapter."""
    ends = time.monotonic() + patience_s
    for attempt in itertools.count():
        try:
            style.run(f"warm{attempt}-", 0.2).fast(1)
        except (RuntimeError, OSError, EOFError):
            if time.monotonic() > ends:
                raise
            time.sleep(0.2)
        else:
            return


def _opening(player: str) -> list[action_pb2.Action]:
    account = action_pb2.OpenAccount(
        currency_code=noop_wallet.CURRENCY, jurisdiction=_JURISDICTION, born_on="1986-01-15"
    )
    deposit = action_pb2.Deposit(amount=Money(currency_code=noop_wallet.CURRENCY, amount="1000000.00"))
    return [
        action_pb2.Action(player_id=player, transaction_key="open", open_account=account),
        action_pb2.Action(player_id=player, transaction_key="deposit", deposit=deposit),
    ]
