"""Samples of real decisions, from a wallet's ledger, decided again from the compliance database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from compliance_svc.config import ComplianceSettings
from compliance_svc.kernel.statute import Statute
from compliance_svc.migrate import upgrade as upgrade_compliance
from compliance_svc.releasing import Law
from compliance_svc.replaying import NightlyReplay
from compliance_svc.store.releases import ReleaseStore
from compliance_svc.store.replays import ReplayStore
from compliance_svc.wiring import build, statute_of
from mesh import database
from mesh.clock import SystemClock, open_clock, write_offset
from mesh.dev import postgres
from mesh.dev.postgres import Postgres
from tests.integration.wallet_svc.served import bet, running, serving
from wallet_svc.migrate import upgrade as upgrade_wallet

DAY_US = 86_400_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.start() as started:
        upgrade_wallet(started.database("pitboss_wallet").owner_url)
        upgrade_compliance(started.database("pitboss_compliance").owner_url)
        yield started


def settings_of(server: Postgres, wallet: str, **changes: Any) -> ComplianceSettings:
    return ComplianceSettings(
        listen="127.0.0.1:0", environment="development", insecure_loopback=True, sandbox=True, drain_seconds=0.2,
        notice_seconds=0, database_url=server.database("pitboss_compliance").service_url, wallet_addresses=(wallet,),
        **changes,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def engine_of(server: Postgres) -> AsyncIterator[AsyncEngine]:
    made = database.engine(server.database("pitboss_compliance").service_url, name="test", statement_timeout_ms=5_000)
    try:
        yield made
    finally:
        await made.dispose()


def nightly(engine: AsyncEngine, statute: Statute, most: int) -> NightlyReplay:
    return NightlyReplay(ReplayStore(engine), Law(ReleaseStore(engine), statute), SystemClock(), hour=3, most=most)


def rows(server: Postgres, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.database("pitboss_compliance").owner_url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


async def play(server: Postgres, folder: Path) -> ComplianceSettings:
    """Decisions of all kinds, followed into the compliance database."""
    clock = folder / "clock"
    write_offset(clock, 0)
    async with serving(server.database("pitboss_wallet").service_url, clock_file=clock) as wallet:
        settings = settings_of(server, wallet.address, clock_file=clock)
        async with running(settings, await build(settings)):
            before = rows(server, "SELECT count(*) FROM decision")[0][0]
            for number in range(8):
                player = await wallet.player(f"{folder.name}-{number}")
                for turn in range(4):
                    await wallet.adapter.do(player, f"b{turn}", bet=bet("10.00", f"r{turn}"))
            async with asyncio.timeout(60):
                while rows(server, "SELECT count(*) FROM decision")[0][0] < before + 8 * 6:
                    await asyncio.sleep(0.05)
    return settings


async def test_live_decisions_repeat_and_each_is_drawn_from_once(server: Postgres, tmp_path: Path) -> None:
    settings = await play(server, tmp_path)
    async with engine_of(server) as engine:
        replay = nightly(engine, statute_of(settings), 100_000)
        first = await replay.once()
        assert sum(first.counts.values()) == rows(server, "SELECT count(*) FROM decision")[0][0] >= 48
        assert (list(first.unequal), sum(first.other_kernel.values())) == ([], 0)
        again = await replay.once()
        assert sum(again.counts.values()) == 0
        stored = rows(server, "SELECT sum(sampled), sum(other_kernel), count(*) FROM replay_sample")
        assert stored[0][:2] == (sum(first.counts.values()), 0)


async def test_a_small_sample_is_one(server: Postgres, tmp_path: Path) -> None:
    settings = await play(server, tmp_path)
    async with engine_of(server) as engine:
        found = await nightly(engine, statute_of(settings), 10).once()
        # Between decisions there are other entries: two positions may lead to one decision.
        assert 1 <= sum(found.counts.values()) <= 10
        assert list(found.unequal) == []


async def test_a_record_that_somebody_changed_is_named_and_kept(server: Postgres, tmp_path: Path) -> None:
    settings = await play(server, tmp_path)
    changed = (
        'UPDATE decision SET record = replace(record, \'"verdict":"ALLOW"\', \'"verdict":"DENY"\')'
        " WHERE (shard, sequence) = (SELECT shard, max(sequence) FROM decision GROUP BY shard ORDER BY shard LIMIT 1)"
        " RETURNING shard, sequence"
    )
    ((shard, sequence),) = rows(server, changed)
    async with engine_of(server) as engine:
        (found,) = (await nightly(engine, statute_of(settings), 100_000).once()).unequal
    assert (found.shard, found.sequence, found.problem) == (shard, sequence, "other values of verdict")
    kept = rows(server, "SELECT shard, sequence, problem FROM replay_difference")
    assert kept == [(shard, sequence, "other values of verdict")]


async def test_the_process_takes_a_sample_when_the_night_comes(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = await play(server, tmp_path)
    monkeypatch.setattr("compliance_svc.replaying._LOOK_EVERY_S", 0.05)
    before = rows(server, "SELECT count(*) FROM replay_sample")[0][0]
    assert settings.clock_file is not None
    write_offset(settings.clock_file, 2 * DAY_US)
    async with engine_of(server) as engine:
        clock = open_clock(settings.clock_file)
        law = Law(ReleaseStore(engine), statute_of(settings))
        task = asyncio.create_task(NightlyReplay(ReplayStore(engine), law, clock, hour=3, most=100).run())
        try:
            async with asyncio.timeout(60):
                while rows(server, "SELECT count(*) FROM replay_sample")[0][0] == before:
                    await asyncio.sleep(0.05)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
