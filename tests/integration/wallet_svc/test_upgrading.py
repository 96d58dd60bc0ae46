"""A ledger that is brought to the present schema while a wallet works on it."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from mesh import migrations
from mesh.dev.postgres import Database
from tests.integration.wallet_svc.books import problems_in
from tests.integration.wallet_svc.ledger import Ledger, Wallet, bet
from wallet_svc.domain.vocabulary import Outcome
from wallet_svc.migrate import schema

BEFORE = 5
"""The last file of the schema on which the wallet starts."""


@pytest.fixture
def older(empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A ledger some migrations ago."""
    monkeypatch.setenv("PITBOSS_SHARDS", "4")
    for path in [*schema().files()[:BEFORE], schema().folder / "grants.sql"]:
        shutil.copy(path, tmp_path)
    migrations.upgrade(replace(schema(), folder=tmp_path), empty_database.owner_url)
    return empty_database


async def play(wallet: Wallet, done: asyncio.Event) -> int:
    """Bet until told to stop; how many were accepted."""
    number = 0
    while not done.is_set():
        answer = await wallet.do("alice", f"b{number}", bet("0.01", f"r{number}"))
        assert answer.entry.outcome is Outcome.OK
        number += 1
    return number


async def test_a_wallet_goes_on_while_the_schema_below_it_is_brought_up_to_date(older: Database) -> None:
    async with Ledger.open(older) as ledger:
        wallet = await ledger.wallet()
        await wallet.player(cash="1000.00")
        done = asyncio.Event()
        playing = asyncio.create_task(play(wallet, done))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(migrations.upgrade, schema(), older.owner_url)
        await asyncio.sleep(0.3)
        done.set()
        accepted = await playing
        assert ledger.value("SELECT count(*) FROM transfer WHERE kind = 1 AND outcome = 1") == accepted > 1
    with psycopg.connect(older.owner_url) as owner:
        assert migrations.version(owner) == schema().newest > BEFORE
    assert problems_in(older.reader_url) == []
