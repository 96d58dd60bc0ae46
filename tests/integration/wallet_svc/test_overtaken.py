"""Two processes write one shard, and one of them is always faster: the other one has its turn."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from psycopg.pq import TransactionStatus

from tests.integration.mesh.waiting import eventually
from tests.integration.wallet_svc.ledger import Ledger, Wallet, bet
from wallet_svc.domain.journal import Batch
from wallet_svc.domain.vocabulary import Kind, Outcome
from wallet_svc.store.log import PostgresLog

BETS = 5


class SlowLog(PostgresLog):
    """Takes longer between reading and writing than another process takes for a commit."""

    commits = 0

    def __init__(self, url: str, writer: str, played: list[str]) -> None:
        super().__init__(url, writer=writer, statement_timeout_ms=5_000)
        self._played = played

    @property
    def holds_shards(self) -> bool:
        """Nobody else can write them now."""
        connection = self._connection
        return connection is not None and connection.info.transaction_status is TransactionStatus.INTRANS

    async def commit(self, batches: Sequence[Batch], digests: Sequence[bytes]) -> set[int]:
        self.commits += 1
        before = len(self._played)
        if not self.holds_shards:
            await eventually(lambda: len(self._played) > before)
        return await super().commit(batches, digests)


class StillLog(SlowLog):
    """Stands still with its shards in hand, once."""

    def __init__(self, url: str, played: list[str], goes_on: asyncio.Event) -> None:
        super().__init__(url, "still", played)
        self.holds = asyncio.Event()
        self._goes_on = goes_on

    async def commit(self, batches: Sequence[Batch], digests: Sequence[bytes]) -> set[int]:
        if self.holds_shards and not self.holds.is_set():
            self.holds.set()
            await self._goes_on.wait()
        return await super().commit(batches, digests)


async def same_shard(ledger: Ledger, wallet: Wallet) -> tuple[str, str]:
    """Two players with money whose entries are in one log."""
    names = [f"player-{number}" for number in range(5)]
    for name in names:
        await wallet.player(name)
    first = next(name for name in names if [ledger.shard(other) for other in names].count(ledger.shard(name)) > 1)
    return first, next(name for name in names if name != first and ledger.shard(name) == ledger.shard(first))


async def hurry(wallet: Wallet, player: str, stop: asyncio.Event, played: list[str]) -> None:
    while not stop.is_set():
        key = f"h{len(played)}"
        answer = await wallet.do(player, key, bet("0", f"r{key}"))
        assert answer.entry.outcome is Outcome.OK
        played.append(key)


@contextlib.asynccontextmanager
async def hurried(wallet: Wallet, player: str, played: list[str]) -> AsyncIterator[None]:
    """Bets of a player one after another, without a pause. Their keys are written down."""
    stop = asyncio.Event()
    crowd = asyncio.create_task(hurry(wallet, player, stop, played))
    await goes_on(played)
    yield
    await goes_on(played)
    stop.set()
    await crowd


async def goes_on(played: list[str]) -> None:
    """Until there are more of them."""
    before = len(played)
    await eventually(lambda: len(played) > before + 3)


async def test_who_is_always_overtaken_has_its_turn(ledger: Ledger) -> None:
    fast, played = await ledger.wallet(), list[str]()
    log = SlowLog(ledger.database.service_url, "slow", played)
    slow = await ledger.wallet(log)
    hasty, patient = await same_shard(ledger, fast)
    async with hurried(fast, hasty, played):
        for number in range(BETS):
            await slow.must(patient, f"b{number}", bet("1.00", f"r{number}"))
            await goes_on(played)
    assert log.commits <= BETS * 5
    assert ledger.cash(patient) == 100_00 - BETS * 100
    assert all(len(ledger.stored(Kind.BET, key)) == 1 for key in played[-20:])


async def test_who_stands_still_with_shards_in_hand_loses_them(ledger: Ledger) -> None:
    wakes, played = asyncio.Event(), list[str]()
    fast, log = await ledger.wallet(), StillLog(ledger.database.service_url, played, wakes)
    still = await ledger.wallet(log)
    hasty, patient = await same_shard(ledger, fast)
    async with hurried(fast, hasty, played):
        late = asyncio.create_task(still.must(patient, "b1", bet("1.00", "r1")))
        await eventually(lambda: log.holds.is_set() or late.done())
        assert not late.done()
        await goes_on(played)
        wakes.set()
        await late
    assert ledger.stored(Kind.BET, "b1") == [(Outcome.OK, 1_00)]
    assert ledger.cash(patient) == 99_00


async def test_who_is_overtaken_decides_under_a_registry_that_has_changed(ledger: Ledger) -> None:
    fast, played = await ledger.wallet(), list[str]()
    slow = await ledger.wallet(SlowLog(ledger.database.service_url, "slow", played))
    hasty, patient = await same_shard(ledger, fast)
    async with hurried(fast, hasty, played):
        for number in range(BETS):
            await slow.must(patient, f"b{number}", bet("1.00", f"r{number}"))
            await ledger.put_provider(win_without_bet=bool(number % 2))
    assert ledger.cash(patient) == 100_00 - BETS * 100
