"""Notes of repeated calls: behind the answers, bounded, and never in anybody's way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.integration.wallet_svc.ledger import CASHIER, Ledger, bet, deposit
from tests.integration.wallet_svc.line import line_to
from wallet_svc import notes as module
from wallet_svc.attempts import Attempts
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import Outcome


def book_keeper(ledger: Ledger, url: str = "", *, keep_days: int = 90) -> Attempts:
    return Attempts(url or ledger.database.service_url, ledger.clock, name="notes", keep_days=keep_days)


@contextlib.asynccontextmanager
async def running(attempts: Attempts) -> AsyncIterator[None]:
    task = asyncio.create_task(attempts.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await attempts.close()


def notes(ledger: Ledger) -> list[tuple[str, int, bool]]:
    rows = ledger.rows("SELECT key, outcome, replayed FROM attempt ORDER BY id")
    return [(key, outcome, replayed) for key, outcome, replayed in rows]


async def until(ledger: Ledger, count: int) -> None:
    async with asyncio.timeout(60):
        while len(notes(ledger)) < count:
            await asyncio.sleep(0.02)


async def test_only_calls_that_stored_nothing_are_noted(ledger: Ledger) -> None:
    attempts = book_keeper(ledger)
    wallet = await ledger.wallet(attempts=attempts)
    await wallet.player()
    await wallet.do("alice", "b1", bet("1.00", "r1"))
    await wallet.do("alice", "b1", bet("1.00", "r1"))
    await wallet.do("alice", "b1", bet("2.00", "r1"))
    await wallet.do("alice", "b2", bet("900.00", "r1"))
    await wallet.do("nobody", "b3", bet("1.00", "r1"))
    await wallet.do("alice", "b4", bet("1.00", "r1"), dry=True)
    await attempts.close()
    assert notes(ledger) == [("b1", Outcome.OK.value, True), ("b1", Outcome.IDEMPOTENCY_CONFLICT.value, False)]


async def test_a_round_that_is_closed_again_is_noted_under_its_name(ledger: Ledger) -> None:
    attempts = book_keeper(ledger)
    wallet = await ledger.wallet(attempts=attempts)
    await wallet.player()
    await wallet.must("alice", "b1", bet("1.00", "r1"))
    for _ in range(2):
        await wallet.do("alice", "", c.CloseRound(round="r1"))
    await attempts.close()
    assert notes(ledger) == [("r1", Outcome.OK.value, True)]


async def test_what_could_not_be_written_is_written_when_the_database_is_back(ledger: Ledger) -> None:
    async with line_to(ledger.database.service_url) as (line, url):
        attempts = book_keeper(ledger, url)
        wallet = await ledger.wallet(attempts=attempts)
        await wallet.player()
        await wallet.must("alice", "d1", deposit("1.00"), source=CASHIER)
        async with running(attempts):
            await wallet.do("alice", "d1", deposit("1.00"), source=CASHIER)
            await until(ledger, 1)
            line.cut_next = "before"
            await wallet.do("alice", "d1", deposit("1.00"), source=CASHIER)
            await until(ledger, 2)
    assert line.cuts == 1


async def test_a_full_list_loses_notes_and_keeps_nobody_waiting(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    attempts = book_keeper(ledger)
    wallet = await ledger.wallet(attempts=attempts)
    await wallet.player()
    for _ in range(10):
        await wallet.do("alice", "b1", bet("1.00", "r1"))
    await attempts.close()
    assert len(notes(ledger)) == 3


async def test_old_notes_are_forgotten_and_the_log_is_not(ledger: Ledger) -> None:
    first = book_keeper(ledger)
    wallet = await ledger.wallet(attempts=first)
    await wallet.player()
    await wallet.must("alice", "b1", bet("1.00", "r1"))
    await wallet.do("alice", "b1", bet("1.00", "r1"))
    await first.close()
    assert len(notes(ledger)) == 1
    ledger.clock.advance(days=3)
    async with running(book_keeper(ledger, keep_days=2)), asyncio.timeout(60):
        while notes(ledger):
            await asyncio.sleep(0.02)
    assert ledger.value("SELECT count(*) FROM transfer WHERE key = 'b1'") == 1
