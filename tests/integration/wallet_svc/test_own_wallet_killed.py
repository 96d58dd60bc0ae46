"""A wallet process of ours dies at each step of asking and telling a licensee's own wallet; another one goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc.aio
import pytest

from mesh import failpoints
from mesh.dev.child import Child, Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_port
from mesh.dev.postgres import Database
from pitboss.wallet.v1 import action_pb2
from tests.integration.sdk_wallet.wallet import Maker, Running
from tests.integration.wallet_svc.served import Served, serving
from tests.integration.wallet_svc.test_own_wallet import Table, keys, name, register, until
from wallet_svc.config import WalletSettings

ASKING = ["debit.before", "debit.after", "conclude.before", "conclude.after", "look_up.before", "look_up.after"]
TELLING = ["deliver.before", "deliver.after", "deliver.noted"]
NO_ANSWER_YET = {"IN_PROGRESS", "UNKNOWN", "UNAVAILABLE"}


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker(tmp_path_factory.mktemp("killed"))


@pytest.fixture(scope="module")
def wallet(maker: Maker) -> Iterator[Running]:
    with maker.running() as running:
        yield running


def start(database: Database, maker: Maker, folder: Path, moment: str, port: int) -> Child:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": PYTHON_PATH,
        "PITBOSS_LISTEN": f"127.0.0.1:{port}",
        "PITBOSS_ENVIRONMENT": "development",
        "PITBOSS_INSECURE_LOOPBACK": "1",
        "PITBOSS_DATABASE_URL": database.service_url,
        "PITBOSS_LICENSEE_KEYS": str(keys(maker)),
        "PITBOSS_SANDBOX": "1",
        "PITBOSS_REPLICA": "doomed",
        "PITBOSS_FAILPOINT": f"own_wallet.{moment}",
    }
    argv = [sys.executable, "-m", "wallet_svc"]
    command = Command(name="doomed", argv=argv, environment=environment, log=folder / "doomed.log", directory=ROOT)
    return spawn(command)


@contextlib.asynccontextmanager
async def doomed(
    database: Database, maker: Maker, wallet: Running, folder: Path, moment: str
) -> AsyncIterator[tuple[Table, Child]]:
    """A wallet process that dies at a moment, with a licensee whose own wallet is there."""
    port = free_port()
    child = start(database, maker, folder, moment, port)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await asyncio.wait_for(channel.channel_ready(), timeout=60)
        settings = WalletSettings(
            listen="127.0.0.1:0", environment="development", insecure_loopback=True, database_url=database.service_url
        )
        async with contextlib.AsyncExitStack() as stack:
            served = Served(f"127.0.0.1:{port}", settings, stack)
            await register(served, maker, f"grpc://127.0.0.1:{wallet.doors['grpc']}")
            yield Table([served], wallet, database), child
    finally:
        child.kill()


async def dies(child: Child) -> None:
    await until(lambda: child.exit_code is not None, patience_s=60)
    assert child.exit_code == failpoints.EXIT_STATUS, child.last_lines(20)


async def insist(table: Table, player: str, number: int) -> action_pb2.Result:
    """As a studio does that had no answer: the same bet, until there is one."""
    end = time.monotonic() + 60
    while name(answer := await table.bet(player, "b1", number=number)) in NO_ANSWER_YET:
        assert time.monotonic() < end, answer
    return answer


@pytest.mark.parametrize("moment", ASKING)
async def test_a_bet_has_one_end_wherever_its_process_dies(
    database: Database, maker: Maker, wallet: Running, tmp_path: Path, moment: str
) -> None:
    async with doomed(database, maker, wallet, tmp_path, moment) as (table, child):
        player = await table.player()
        if moment.startswith("look_up"):
            table.fault("after", count=1)
        with pytest.raises(grpc.aio.AioRpcError):
            await table.bet(player, "b1")
        await dies(child)
        async with serving(database.service_url, licensee_keys=keys(maker)) as other:
            table.served.append(other)
            answer = await insist(table, player, 1)
            await table.settled(player)
    assert name(answer) == ("NOT_APPLIED" if moment == "debit.before" else "OK")
    assert table.moved(player) == (0 if moment == "debit.before" else -1000)


@pytest.mark.parametrize("moment", TELLING)
async def test_a_win_is_told_once_wherever_its_process_dies(
    database: Database, maker: Maker, wallet: Running, tmp_path: Path, moment: str
) -> None:
    async with doomed(database, maker, wallet, tmp_path, moment) as (table, child):
        player = await table.player()
        assert name(await table.bet(player, "b1")) == "OK"
        with contextlib.suppress(grpc.aio.AioRpcError):
            await table.win(player, "w1", "b1")
        await dies(child)
        async with serving(database.service_url, licensee_keys=keys(maker)) as other:
            table.served.append(other)
            assert name(await table.win(player, "w1", "b1", number=1)) == "OK"
            await table.settled(player)
    assert [one for one in table.record(player) if one[0] == "credit"] == [("credit", "OK", 2500)]


@pytest.mark.parametrize("moment", ["debit.before", "debit.after", "conclude.after"])
async def test_a_list_has_one_end_wherever_its_process_dies(
    database: Database, maker: Maker, wallet: Running, tmp_path: Path, moment: str
) -> None:
    async with serving(database.service_url, licensee_keys=keys(maker)) as other:
        await register(other, maker, f"grpc://127.0.0.1:{wallet.doors['grpc']}")
        before = Table([other], wallet, database)
        player = await before.player()
        assert name(await before.bet(player, "b1")) == "OK"
        assert name(await before.win(player, "w1", "b1")) == "OK"
        await before.settled(player)
        async with doomed(database, maker, wallet, tmp_path, moment) as (table, child):
            with pytest.raises(grpc.aio.AioRpcError):
                await table.rollback(player, "l1", "b1", "w1")
            await dies(child)
        end = time.monotonic() + 60
        while name(answer := await before.rollback(player, "l1", "b1", "w1")) in NO_ANSWER_YET:
            assert time.monotonic() < end, answer
        await before.settled(player)
    assert name(answer) == ("NOT_APPLIED" if moment == "debit.before" else "OK")
    assert before.moved(player) == (1500 if moment == "debit.before" else 0)
