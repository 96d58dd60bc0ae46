"""Holds whose time is over: released once, by however many sweepers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from mesh.errors import OverloadedError
from tests.integration.wallet_svc.ledger import CASHIER, PLATFORM, Ledger, bet, money, win
from wallet_svc.config import WalletSettings
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import Outcome
from wallet_svc.wiring import Sweeper

HOUR_US = 3_600_000_000


@contextlib.asynccontextmanager
async def sweeping(ledger: Ledger, number: int) -> AsyncIterator[None]:
    """That many wallets with sweepers."""
    settings = WalletSettings(listen="127.0.0.1:0", database_url=ledger.database.service_url, sweep_interval_ms=10)
    sweepers = [Sweeper(settings, (await ledger.wallet()).engine, ledger.clock) for _ in range(number)]
    tasks = [asyncio.create_task(sweeper.run()) for sweeper in sweepers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for sweeper in sweepers:
            await sweeper.close()


async def until_swept(ledger: Ledger, left: int = 0) -> None:
    async with asyncio.timeout(60):
        while ledger.value("SELECT count(*) FROM hold WHERE state = 1") > left:
            await asyncio.sleep(0.02)


async def test_two_sweepers_release_every_due_hold_once(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await asyncio.gather(*[wallet.player(f"p{number}", cash="10.00") for number in range(4)])
    hold = c.Hold(money=money("1.00"), expires_in_us=HOUR_US)
    await asyncio.gather(*[wallet.must(f"p{n % 4}", f"h{n}", hold, source=CASHIER) for n in range(20)])
    for name in ("p0", "p1"):
        await wallet.must(name, "kept", c.Hold(money=money("1.00")), source=CASHIER)
    async with sweeping(ledger, 2):
        await asyncio.sleep(0.1)
        assert ledger.value("SELECT count(*) FROM transfer WHERE kind = 9") == 0
        ledger.clock.advance(hours=1)
        await until_swept(ledger, left=2)
        await asyncio.sleep(0.1)
    assert ledger.value("SELECT count(*) FROM transfer WHERE kind = 9") == 20
    assert [ledger.cash(f"p{number}") for number in range(4)] == [9_00, 9_00, 10_00, 10_00]


async def test_a_hold_that_cannot_be_released_does_not_stop_the_others(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    for name in ("full", "alice"):
        await wallet.player(name, cash="10.00")
        hold = c.Hold(money=money("5.00"), expires_in_us=HOUR_US)
        await wallet.must(name, "h1", hold, source=CASHIER)
    await wallet.must("full", "b1", bet("0", "r1"))
    await wallet.must("full", "w1", win("92233720368547753.00", "r1"))
    ledger.clock.advance(hours=2)
    async with sweeping(ledger, 1):
        await until_swept(ledger, left=1)
    assert ledger.cash("alice") == 10_00


async def test_a_sweeper_survives_what_the_engine_refuses(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    for name in ("alice", "bob"):
        await wallet.player(name, cash="10.00")
    await wallet.must("alice", "h1", c.Hold(money=money("5.00"), expires_in_us=HOUR_US), source=CASHIER)
    await wallet.must("bob", "h1", c.Hold(money=money("5.00"), expires_in_us=HOUR_US + 1), source=CASHIER)
    ledger.clock.advance(hours=2)
    engine = (await ledger.wallet()).engine
    original, broken = engine.execute, asyncio.Event()
    broken.set()

    async def fail_for_alice(command: c.Command, timeout_s: float, *, dry: bool = False) -> object:
        if command.player == "alice" and broken.is_set():
            raise OverloadedError(queue="wallet")
        return await original(command, timeout_s, dry=dry)

    engine.execute = fail_for_alice  # type: ignore[method-assign, assignment]
    settings = WalletSettings(listen="127.0.0.1:0", database_url=ledger.database.service_url, sweep_interval_ms=10)
    sweeper = Sweeper(settings, engine, ledger.clock)
    task = asyncio.create_task(sweeper.run())
    await until_swept(ledger, left=1)
    assert ledger.cash("bob") == 10_00
    broken.clear()
    await until_swept(ledger)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await sweeper.close()


async def test_an_expired_hold_takes_no_capture_even_before_the_sweep(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    await wallet.player()
    await wallet.must("alice", "h1", c.Hold(money=money("5.00"), expires_in_us=HOUR_US), source=CASHIER)
    ledger.clock.advance(hours=1)
    answer = await wallet.do("alice", "k1", c.Capture(hold_key="h1"), source=CASHIER)
    assert answer.entry.outcome is Outcome.HOLD_ENDED
    async with sweeping(ledger, 1):
        await until_swept(ledger)
    assert (await wallet.do("alice", "k1", c.Capture(hold_key="h1"), source=CASHIER)).replayed
    assert ledger.cash() == 100_00
    assert PLATFORM not in {
        name for (name,) in ledger.rows("SELECT source.name FROM hold JOIN source ON id = source_id")
    }
