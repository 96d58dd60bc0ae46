"""A wallet process dies at each step of a deposit that a limit file keeps; another one goes on, and nothing counts twice or is lost."""

from __future__ import annotations

import contextlib
import os
import sys
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
from tests.integration.wallet_svc.limit_file import (
    NAME,
    File,
    House,
    house,
    is_up,
    outcome,
    reasons,
    standing,
    until,
)
from tests.integration.wallet_svc.served import Served, money
from tests.integration.wallet_svc.test_limit_files import NO_ANSWER, notes, worked_off
from wallet_svc.config import WalletSettings

BEFORE_THE_LEDGER = ["noted", "reserved"]
LONG_MS = 600_000
"""Longer than any test: nobody else looks at what is under way."""
SOON_MS = 3_000
"""Longer than a deposit takes on a busy machine: its note is left alone until its process is dead."""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    with standing(tmp_path) as found:
        yield found


def start(
    database: Database, found: House, folder: Path, moment: str, *, port: int, resolve_after_ms: int = LONG_MS
) -> Child:
    """A wallet process that dies at a moment."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": PYTHON_PATH,
        "PITBOSS_LISTEN": f"127.0.0.1:{port}",
        "PITBOSS_ENVIRONMENT": "development",
        "PITBOSS_INSECURE_LOOPBACK": "1",
        "PITBOSS_DATABASE_URL": database.service_url,
        "PITBOSS_SANDBOX": "1",
        "PITBOSS_REPLICA": "doomed",
        "PITBOSS_LIMIT_FILES": f"{NAME}={found.address}",
        "PITBOSS_LIMIT_FILE_RESOLVE_AFTER_MS": str(resolve_after_ms),
        "PITBOSS_FAILPOINT": f"limit_file.{moment}",
    }
    argv = [sys.executable, "-m", "wallet_svc"]
    return spawn(Command(name="doomed", argv=argv, environment=environment, log=folder / "doomed.log", directory=ROOT))


@contextlib.asynccontextmanager
async def doomed(
    database: Database, found: House, folder: Path, moment: str, *, resolve_after_ms: int = LONG_MS
) -> AsyncIterator[tuple[House, Child]]:
    """Such a process that serves until then."""
    port = free_port()
    child = start(database, found, folder, moment, port=port, resolve_after_ms=resolve_after_ms)
    try:
        await is_up(port)
        settings = WalletSettings(
            listen="127.0.0.1:0", environment="development", insecure_loopback=True, database_url=database.service_url
        )
        async with contextlib.AsyncExitStack() as stack:
            yield House(found.file, found.address, [Served(f"127.0.0.1:{port}", settings, stack)]), child
    finally:
        child.kill()


async def dies(child: Child) -> None:
    await until(lambda: child.exit_code is not None, patience_s=60)
    assert child.exit_code == failpoints.EXIT_STATUS, child.last_lines(20)


async def die_with(at: House, child: Child, player: str, amount: str = "400.00") -> None:
    """Send a deposit to a process that dies of it."""
    with pytest.raises(grpc.aio.AioRpcError):
        await at.deposit(player, "d1", amount)
    await dies(child)


@pytest.mark.parametrize("moment", [*BEFORE_THE_LEDGER, "decided"])
async def test_a_retry_after_the_kill_is_booked_and_counted_once(
    database: Database, file: File, tmp_path: Path, moment: str
) -> None:
    async with house(database.service_url, file, limit_file_resolve_after_ms=LONG_MS) as found:
        player = await found.player()
        async with doomed(database, found, tmp_path, moment) as (at, child):
            await die_with(at, child, player)
        again = await found.deposit(player, "d1", "400.00")
        assert (outcome(again), again.replayed) == ("OK", moment == "decided")
        assert (file.used(player), file.states(player)) == ("400.00", ["RESERVED"])


@pytest.mark.parametrize("moment", [*BEFORE_THE_LEDGER, "decided"])
async def test_without_a_retry_file_and_ledger_come_to_agree(
    database: Database, file: File, tmp_path: Path, moment: str
) -> None:
    async with house(database.service_url, file, limit_file_resolve_after_ms=LONG_MS) as found:
        player = await found.player()
        async with doomed(database, found, tmp_path, moment, resolve_after_ms=SOON_MS) as (at, child):
            await die_with(at, child, player)
        await worked_off(database)
        booked = moment == "decided"
        assert file.used(player) == ("400.00" if booked else "0.00")
        assert file.states(player) == ["RESERVED" if booked else "TAKEN_BACK"]
        late = await found.deposit(player, "d1", "400.00")
        assert late.replayed
        assert (outcome(late), reasons(late)) == (("OK", ()) if booked else ("COMPLIANCE_DENIED", NO_ANSWER))
        assert outcome(await found.deposit(player, "d2", "600.00")) == "OK"
        assert file.used(player) == ("1000.00" if booked else "600.00")


async def test_what_the_ledger_refused_is_given_back_though_the_process_dies_of_it(
    database: Database, file: File, tmp_path: Path
) -> None:
    async with house(database.service_url, file, limit_file_resolve_after_ms=LONG_MS) as found:
        player = await found.player()
        limit = action_pb2.SetLimit(limit_kind=action_pb2.LIMIT_KIND_DEPOSIT, window="day", amount=money("100.00"))
        await found.cashier().do(player, "limit", set_limit=limit)
        async with doomed(database, found, tmp_path, "released", resolve_after_ms=SOON_MS) as (at, child):
            await die_with(at, child, player)
        await worked_off(database)
        assert (file.used(player), file.states(player)) == ("0.00", ["TAKEN_BACK"])
        assert reasons(await found.deposit(player, "d1", "400.00")) == ("LIM.DEPOSIT.DAY",)


@pytest.mark.parametrize("moment", ["resolved", "released"])
async def test_who_cleans_up_may_die_of_it_too(database: Database, file: File, tmp_path: Path, moment: str) -> None:
    async with house(database.service_url, file, limit_file_resolve_after_ms=LONG_MS, limit_files=None) as found:
        player = await found.player()
        async with doomed(database, found, tmp_path, "reserved", resolve_after_ms=SOON_MS) as (at, child):
            await die_with(at, child, player)
        assert (file.used(player), notes(database)) == ("400.00", 1)
        child = start(database, found, tmp_path, moment, port=free_port(), resolve_after_ms=100)
        try:
            await dies(child)
        finally:
            child.kill()
        assert notes(database) == 1
    async with house(database.service_url, file) as found:
        await worked_off(database)
        assert (file.used(player), file.states(player)) == ("0.00", ["TAKEN_BACK"])
        assert reasons(await found.deposit(player, "d1", "400.00")) == NO_ANSWER
