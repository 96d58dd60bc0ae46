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

NEWER = """
ALTER TABLE transfer ADD COLUMN later text;
ALTER TABLE account ADD COLUMN later smallint NOT NULL DEFAULT 0;
ALTER TABLE player ADD COLUMN later text;
CREATE INDEX later_of_player ON transfer (player_id) WHERE later IS NOT NULL;
"""
"""What a release after this one may bring: columns of the busiest tables, and an index. The database comes first."""


@pytest.fixture
def present(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A ledger on the schema that this wallet knows."""
    monkeypatch.setenv("PITBOSS_SHARDS", "4")
    migrations.upgrade(schema(), empty_database.owner_url)
    return empty_database


@pytest.fixture
def newer(tmp_path: Path) -> migrations.Schema:
    """The schema of a release that this wallet does not know yet."""
    for path in [*schema().files(), schema().folder / "grants.sql"]:
        shutil.copy(path, tmp_path)
    (tmp_path / f"{schema().newest + 1:04}_later.sql").write_text(NEWER)
    return replace(schema(), folder=tmp_path)


async def play(wallet: Wallet, done: asyncio.Event) -> int:
    """Bet until told to stop; how many were accepted."""
    number = 0
    while not done.is_set():
        answer = await wallet.do("alice", f"b{number}", bet("0.01", f"r{number}"))
        assert answer.entry.outcome is Outcome.OK
        number += 1
    return number


async def test_a_wallet_goes_on_while_the_schema_below_it_is_brought_up_to_date(
    present: Database, newer: migrations.Schema
) -> None:
    async with Ledger.open(present) as ledger:
        wallet = await ledger.wallet()
        await wallet.player(cash="1000.00")
        done = asyncio.Event()
        playing = asyncio.create_task(play(wallet, done))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(migrations.upgrade, newer, present.owner_url)
        await asyncio.sleep(0.3)
        done.set()
        accepted = await playing
        assert ledger.value("SELECT count(*) FROM transfer WHERE kind = 1 AND outcome = 1") == accepted > 1
    with psycopg.connect(present.owner_url) as owner:
        assert migrations.version(owner) == newer.newest > schema().newest
    assert problems_in(present.reader_url) == []
