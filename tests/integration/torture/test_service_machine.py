"""Any story against two running wallets on a real database, compared with the model after each step."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

import grpc
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from mesh.channels import call_metadata
from mesh.tls import Tls
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, ledger_service_pb2_grpc, wallet_service_pb2_grpc
from tests.torture.driver import Office
from tests.torture.history import Writer
from tests.torture.machine import MoneyMachine
from tests.torture.model.answer import Step
from tests.torture.script import CASHIER, LOOSE, SHUTTLE, STRICT
from tests.torture.settling import register
from tests.torture.wire import CURRENCY, TRANSFERS, action_of, licensee_of, outcome_name, session_of, transfer_of, units
from tests.torture.world import Sabotage, World, world

pytestmark = pytest.mark.timeout(300)

_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


class Running:
    """Two wallets, served by a loop in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.world: World
        self.ledgers: list[Any] = []
        self.doors: list[Any] = []
        """What licensees call."""

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(60)
        credentials = Tls.load(self.world.platform_tls).channel_credentials()
        for line in self.world.call_lines:
            channel = grpc.secure_channel(
                f"127.0.0.1:{line.port}", credentials, [("grpc.max_reconnect_backoff_ms", 100)]
            )
            self.ledgers.append(ledger_service_pb2_grpc.LedgerServiceStub(channel))
            self.doors.append(wallet_service_pb2_grpc.WalletServiceStub(channel))
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with world(self._folder, Sabotage(), own_disk=False) as self.world:
            await asyncio.gather(*[wallet.up() for wallet in self.world.wallets])
            office = Office(self.world, Writer(self._folder / "history.jsonl"))
            office.connect()
            await register(office, late_wins_s=0)
            await office.close()
            office.history.close()
            self._up.set()
            await self._stop.wait()

    def call(self, wallet: int, method: str, request: Any, source: str) -> Any:
        """Ask one wallet, and the other one if it is not there, until somebody answers."""
        player = request.player_id if hasattr(request, "player_id") else _player_of(request)
        stubs = self.doors if method.startswith("Transfer") else self.ledgers
        metadata = call_metadata(licensee_of(player), source=source)
        end = time.monotonic() + 60
        for turn in itertools.count():
            try:
                return getattr(stubs[(wallet + turn) % len(stubs)], method)(request, timeout=10, metadata=metadata)
            except grpc.RpcError as error:
                if error.code() not in _AGAIN or time.monotonic() > end:
                    raise
                time.sleep(0.05)
        raise AssertionError


def _player_of(request: Any) -> str:
    action = request.action if hasattr(request, "action") else request.actions[0]
    return str(action.player_id)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("service")) as up:
        yield up


class Service(MoneyMachine):
    """Each story has a player of its own, and each request goes to either wallet."""

    running: ClassVar[Running]
    numbers: ClassVar[Iterator[int]] = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self.player = f"{SHUTTLE if self.game_wallet else 'p'}{next(self.numbers)}"
        self.wallet = 0
        opened = action_pb2.OpenAccount(currency_code=CURRENCY)
        self._must("open", open_account=opened)
        for provider in (STRICT, LOOSE):
            play = action_pb2.OpenPlay(
                session_id=session_of(self.player, provider), provider=provider, currency_code=CURRENCY
            )
            self._must(f"play {provider}", open_play=play)

    def _must(self, key: str, **kind: Any) -> None:
        action = action_pb2.Action(player_id=self.player, transaction_key=key, **kind)
        answer = self._call("Execute", ledger_service_pb2.ExecuteRequest(action=action), CASHIER)
        assert answer.result.outcome == 1, answer

    def _call(self, method: str, request: Any, source: str) -> Any:
        return self.running.call(self.wallet, method, request, source)

    def ask(self, steps: list[Step], *, atomic: bool) -> list[tuple[str, bool]]:
        if steps[0]["do"] in TRANSFERS:
            result = self._call(*transfer_of(self.player, steps[0]), steps[0]["by"]).result
            return [(outcome_name(result.outcome), result.replayed)]
        actions = [action_of(self.player, step) for step in steps]
        if atomic:
            batch = ledger_service_pb2.ExecuteBatchRequest(actions=actions, atomic=True)
            results = self._call("ExecuteBatch", batch, steps[0]["by"]).results
        else:
            request = ledger_service_pb2.ExecuteRequest(action=actions[0])
            results = [self._call("Execute", request, steps[0]["by"]).result]
        return [(outcome_name(result.outcome), result.replayed) for result in results]

    def look(self) -> tuple[int, int, int]:
        request = ledger_service_pb2.GetBalanceRequest(player_id=self.player, currency_code=CURRENCY)
        found = self._call("GetBalance", request, CASHIER).balances
        return units(found.available.amount) or 0, units(found.held.amount) or 0, units(found.bonus.amount) or 0

    @rule(wallet=st.sampled_from([0, 1]))
    def go_to(self, wallet: int) -> None:
        """The next requests go to this wallet."""
        self.wallet = wallet

    @rule(wallet=st.sampled_from([0, 1]), sure=st.sampled_from([False] * 9 + [True]))
    def kill(self, wallet: int, sure: bool) -> None:
        """A wallet dies between two requests and comes back empty."""
        if sure:
            self.running.world.wallets[wallet].restart()


def test_two_wallets_agree_with_the_model_in_any_story(running: Running) -> None:
    _any_story(Service, running, 12)


def test_two_wallets_agree_with_the_model_on_game_wallets(running: Running) -> None:
    _any_story(GameWallets, running, 6)


class GameWallets(Service):
    """The same for players whose money is moved in and out."""

    game_wallet = True


def _any_story(machine: type[Service], running: Running, examples: int) -> None:
    machine.running = running
    budget = settings(
        max_examples=examples, stateful_step_count=25, deadline=None, database=None, derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=budget)
