"""Real wallet processes behind mTLS, killed while players bet: what was answered is there, and only once."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import psycopg
import pytest

from mesh.channels import call_metadata, channel
from mesh.dev.child import Child, Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_port
from mesh.dev.postgres import Database
from mesh.dev.ready import GrpcHealth
from mesh.dev.secrets import Authority, write_workload
from mesh.settings import ProcessSettings
from pitboss.wallet.v1 import (
    action_pb2,
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    registry_service_pb2_grpc,
    transaction_pb2,
)
from pitboss.wallet.v1 import registry_service_pb2 as registry_pb2
from tests.integration.wallet_svc.ledger import SHARDS
from tests.integration.wallet_svc.served import LICENSEE, PROVIDER, bet, money, win
from wallet_svc.domain.placing import shard_of

PLAYERS = ["alice", "bob", "carl", "dora", "emil", "fred"]
_AGAIN = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    # A wallet that stood still cannot do it in the time that is left: nothing happened.
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


@dataclass(slots=True)
class House:
    """Two wallets on one database."""

    folder: Path
    database: Database
    authority: Authority
    wallet_tls: Path
    ports: list[int] = field(default_factory=lambda: [free_port(), free_port()])
    children: list[Child | None] = field(default_factory=lambda: [None, None])

    def tls(self, workload: str) -> Path:
        return write_workload(self.folder, self.authority, workload)

    def address(self, number: int) -> str:
        return f"127.0.0.1:{self.ports[number]}"

    def start(self, number: int) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": PYTHON_PATH,
            "PITBOSS_LISTEN": self.address(number),
            "PITBOSS_ENVIRONMENT": "development",
            "PITBOSS_TLS_DIR": str(self.wallet_tls),
            "PITBOSS_DATABASE_URL": self.database.service_url,
            "PITBOSS_SANDBOX": "1",
            "PITBOSS_REPLICA": f"wallet-{number}",
            "PITBOSS_DRAIN_SECONDS": "2",
        }
        argv = [sys.executable, "-m", "wallet_svc"]
        log = self.folder / f"wallet-{number}.log"
        name = f"wallet-{number}"
        self.children[number] = spawn(Command(name=name, argv=argv, environment=environment, log=log, directory=ROOT))

    def wait(self) -> None:
        for number, child in enumerate(self.children):
            health, deadline = GrpcHealth(address=self.address(number), tls=self.tls("platform")), time.monotonic() + 30
            while child is not None and (problem := health.check(1)):
                assert child.exit_code is None, child.last_lines()
                assert time.monotonic() < deadline, problem

    def stop(self) -> None:
        for child in self.children:
            if child is not None:
                child.stop()


@pytest.fixture
def house(tmp_path: Path, database: Database) -> Iterator[House]:
    authority = Authority.create("wallets")
    made = House(tmp_path, database, authority, write_workload(tmp_path, authority, "wallet_svc"))
    made.start(0)
    made.start(1)
    try:
        made.wait()
        yield made
    finally:
        made.stop()


class Studio:
    """Sends every action to any wallet, again and again with the same key, until there is an answer."""

    def __init__(self, house: House) -> None:
        self._adapter = ProcessSettings(listen="127.0.0.1:0", tls_dir=house.tls(f"provider_adapters/{PROVIDER}"))
        self._platform = ProcessSettings(listen="127.0.0.1:0", tls_dir=house.tls("platform"))
        self._house = house
        self._channels: list[grpc.aio.Channel] = []
        self.ledgers = [self._stub(number, self._adapter) for number in (0, 1)]
        self.offices = [self._stub(number, self._platform) for number in (0, 1)]
        self.repeated = 0

    def _stub(
        self, number: int, settings: ProcessSettings, kind: Any = ledger_service_pb2_grpc.LedgerServiceStub
    ) -> Any:
        self._channels.append(channel(self._house.address(number), settings))
        return kind(self._channels[-1])

    async def close(self) -> None:
        for one in self._channels:
            await one.close()

    async def open(self) -> None:
        registry = self._stub(0, self._platform, registry_service_pb2_grpc.RegistryServiceStub)
        tenant = registry_pb2.Licensee(licensee_id=LICENSEE, default_jurisdiction="sandbox")
        await registry.PutLicensee(registry_pb2.PutLicenseeRequest(licensee=tenant), timeout=10)
        await registry.PutProvider(registry_pb2.PutProviderRequest(licensee_id=LICENSEE, provider=PROVIDER), timeout=10)
        game = registry_pb2.Game(game_id="g1", category=registry_pb2.GAME_CATEGORY_LIVE, enabled=True)
        games = registry_pb2.PutGamesRequest(licensee_id=LICENSEE, provider=PROVIDER, games=[game])
        await registry.PutGames(games, timeout=10)
        for player in PLAYERS:
            play = action_pb2.OpenPlay(session_id="s", provider=PROVIDER, currency_code="EUR")
            await self.do(player, "open", self.offices, open_account=action_pb2.OpenAccount(currency_code="EUR"))
            await self.do(player, "money", self.offices, deposit=action_pb2.Deposit(amount=money("10000.00")))
            await self.do(player, "play", self.offices, open_play=play)

    async def do(self, player: str, key: str, stubs: list[Any] | None = None, **kind: Any) -> action_pb2.Result:
        action = action_pb2.Action(player_id=player, transaction_key=key, **kind)
        request = ledger_service_pb2.ExecuteRequest(action=action)
        while True:
            stub = random.choice(stubs or self.ledgers)
            try:
                answer = await stub.Execute(request, timeout=2, metadata=call_metadata(LICENSEE))
            except grpc.aio.AioRpcError as error:
                if error.code() not in _AGAIN:
                    raise
                self.repeated += 1
                await asyncio.sleep(0.02)
            else:
                return answer.result  # type: ignore[no-any-return]

    async def play(self, player: str, stop: asyncio.Event) -> dict[str, str]:
        """Rounds until told to stop. Returns what was answered: key to transaction id."""
        answered: dict[str, str] = {}
        number = 0
        while not stop.is_set():
            number += 1
            for key, kind in (
                (f"b{number}", {"bet": bet("0.10", f"r{number}")}),
                (f"w{number}", {"win": win("0.05", f"r{number}")}),
            ):
                result = await self.do(player, key, **kind)
                assert result.outcome == 1, result
                answered[key] = result.transaction_id
        return answered


@pytest.mark.parametrize("sudden", [True, False], ids=["kill", "terminate"])
async def test_wallets_that_die_under_load_lose_nothing_and_do_nothing_twice(house: House, sudden: bool) -> None:
    studio, stop = Studio(house), asyncio.Event()
    await studio.open()
    players = [asyncio.create_task(studio.play(player, stop)) for player in PLAYERS]
    for number in (0, 1):
        await asyncio.sleep(0.4)
        child = house.children[number]
        assert child is not None
        await asyncio.to_thread(child.kill if sudden else child.stop)
        house.start(number)
        await asyncio.to_thread(house.wait)
    await asyncio.sleep(0.3)
    stop.set()
    for player, answered in zip(PLAYERS, await asyncio.gather(*players), strict=True):
        assert entries_of(house.database, player) == answered
        assert len(answered) > 2
    assert studio.repeated > 0
    await studio.close()


def entries_of(database: Database, player: str) -> dict[str, str]:
    """Key to transaction id of every accepted bet and win; each key stands once."""
    with psycopg.connect(database.reader_url) as connection:
        rows = connection.execute(
            "SELECT key, shard || '-' || sequence FROM transfer JOIN player ON player.id = player_id"
            " WHERE name = %s AND kind IN (1, 2) AND outcome = 1",
            (player,),
        ).fetchall()
    assert not [key for key, count in Counter(key for key, _ in rows).items() if count > 1]
    return dict(rows)


async def test_a_feed_goes_on_at_another_wallet_when_its_own_is_killed(house: House) -> None:
    studio, stop = Studio(house), asyncio.Event()
    await studio.open()
    players = [asyncio.create_task(studio.play(player, stop)) for player in PLAYERS]
    read: list[transaction_pb2.Entry] = []
    shard = shard_of(LICENSEE, PLAYERS[0], SHARDS)
    for number in (0, 1, 0):
        child = house.children[number]
        assert child is not None
        # The reader keeps nothing but the position of the last entry it has.
        await follow(studio.offices[number], shard, read, more=20, then=child.kill)
        house.start(number)
        await asyncio.to_thread(house.wait)
    stop.set()
    await asyncio.gather(*players)
    assert [entry.sequence for entry in read] == list(range(1, len(read) + 1))
    assert len(read) >= 60
    assert balances_of(read) == []
    await studio.close()


async def follow(
    ledger: Any, shard: int, read: list[transaction_pb2.Entry], *, more: int, then: Callable[[], None]
) -> None:
    """Follow a shard from where `read` ends; when there is more, its wallet dies in mid-stream."""
    after, enough = (read[-1].sequence if read else 0), len(read) + more
    asked = ledger_service_pb2.ReadFeedRequest(shard=shard, after_sequence=after, follow=True, page_size=4)
    try:
        async for page in ledger.ReadFeed(asked, timeout=30):
            read += page.entries
            if len(read) >= enough:
                await asyncio.to_thread(then)
                enough = 10**9
    except grpc.aio.AioRpcError as error:
        if error.code() not in _AGAIN:
            raise


def balances_of(entries: list[transaction_pb2.Entry]) -> list[int]:
    """Positions whose balances do not follow from the entries before them."""
    now: dict[int, Decimal] = {}
    wrong = []
    for entry in entries:
        if not entry.HasField("moved"):
            continue
        moved = Decimal(entry.moved.amount)
        now[entry.debit_account] = now.get(entry.debit_account, Decimal(0)) - moved
        now[entry.credit_account] = now.get(entry.credit_account, Decimal(0)) + moved
        told = Decimal(entry.debit_balance.amount), Decimal(entry.credit_balance.amount)
        if told != (now[entry.debit_account], now[entry.credit_account]):
            wrong.append(entry.sequence)
    return wrong
