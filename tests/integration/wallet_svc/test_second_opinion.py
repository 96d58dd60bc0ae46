"""The second opinion on a real ledger: it follows, agrees, goes on where it was, and names what was touched."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from mesh.dev.postgres import Database, Postgres
from mesh.errors import DependencyDownError
from mesh.merkle import root_of
from mesh.notes import Signer, new_seed
from mesh.second_opinion.book import Problem
from mesh.second_opinion.errors import (
    LedgerDisputedError,
    NoSigningKeyError,
    NotCheckedYetError,
    ShardNotFoundError,
    SizesInvalidError,
)
from mesh.second_opinion.follower import Follower, Page
from mesh.second_opinion.notebook import TILE, Alarm, Notebook
from mesh.second_opinion.proofs import Proofs
from mesh.second_opinion.reading import Reader
from mesh.verify.chain import canonical
from mesh.verify.notes import Key, open_checkpoint
from mesh.verify.proofs import check, check_consistency, write
from mesh.verify.reading import Ledger as Reading
from tests.integration.wallet_svc.ledger import CASHIER, LICENSEE, Ledger, Wallet, bet, deposit, money, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.vocabulary import AccountClass, Kind


class Opinion:
    """One process's worth of second opinion."""

    def __init__(self, database: Database, folder: Path, *, page_entries: int = 20_000) -> None:
        self.notebook = Notebook(folder / "notebook.sqlite")
        self.reader = Reader(database.reader_url, statement_timeout_ms=5_000)
        self.follower = Follower(self.notebook, page_entries=page_entries, reread_per_second=10**9)
        self.alarms: list[Alarm] = []

    def page(self) -> Page:
        # The allowance of what is read again grows with time.
        time.sleep(0.001)
        page, alarms = self.follower.page(self.reader)
        self.alarms += alarms
        return page

    def catch_up(self) -> Page:
        while not (page := self.page()).whole:
            pass
        return page

    def places(self) -> set[str]:
        return {alarm.place for alarm in self.alarms}

    def close(self) -> None:
        self.reader.close()
        self.notebook.close()


@contextmanager
def opinion(database: Database, folder: Path, *, page_entries: int = 20_000) -> Iterator[Opinion]:
    with contextlib.closing(Opinion(database, folder, page_entries=page_entries)) as opened:
        yield opened


async def play(wallet: Wallet, names: range = range(6)) -> None:
    """Everything that moves money, and refusals."""
    for number in names:
        player = await wallet.player(f"player-{number}")
        await wallet.must(player, f"b{number}", bet("10.00", "r1"))
        await wallet.must(player, f"w{number}", win("4.00", "r1", close=True))
        await wallet.do(player, "much", bet("5000.00", "r2"))
        await wallet.do(player, "early", c.Cancel(bet_key="b404"))
        await wallet.must(player, "hold", c.Hold(money=money("5.00")), source=CASHIER)
        await wallet.must(player, "capture", c.Capture(hold_key="hold", money=money("2.00")), source=CASHIER)
        await wallet.must(player, "release", c.Release(hold_key="hold"), source=CASHIER)
    many = [
        c.Command(wallet.licensee, CASHIER, "player-1", f"d{n}-{names.start}", deposit("0.01"), "") for n in range(700)
    ]
    await wallet.engine.execute_each(many, 20)


@contextmanager
def superuser(server: Postgres) -> Iterator[psycopg.Connection]:
    """Somebody whom nothing stops."""
    url = server.admin_url.removesuffix("/postgres") + "/ledger"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


async def test_it_recomputes_all_of_an_honest_ledger_and_agrees(
    ledger: Ledger, database: Database, tmp_path: Path
) -> None:
    await play(await ledger.wallet())
    with opinion(database, tmp_path) as second:
        page = second.catch_up()
        second.page()
        assert second.alarms == []
        assert page.checked == page.existing > 700
        assert second.follower.history.rounds > 0


async def test_small_pages_and_restarts_lead_to_the_same_notebook(
    ledger: Ledger, database: Database, tmp_path: Path
) -> None:
    wallet = await ledger.wallet()
    for folder in ("whole", "pages"):
        (tmp_path / folder).mkdir()
    await play(wallet)
    for _ in range(3):
        with opinion(database, tmp_path / "pages", page_entries=40) as second:
            for _ in range(4):
                second.page()
            assert second.alarms == []
    await play(wallet, range(6, 9))
    with opinion(database, tmp_path / "pages", page_entries=40) as second:
        second.catch_up()
        assert second.alarms == []
        paged = (second.notebook.positions(), second.notebook.accounts(), _tiles(second.notebook))
    with opinion(database, tmp_path / "whole") as second:
        second.catch_up()
        assert (second.notebook.positions(), second.notebook.accounts(), _tiles(second.notebook)) == paged


def _tiles(notebook: Notebook) -> list[tuple[object, ...]]:
    return notebook._connection.execute("SELECT * FROM tile ORDER BY shard, level, number").fetchall()


async def test_the_tree_it_keeps_is_the_one_of_the_heads(ledger: Ledger, database: Database, tmp_path: Path) -> None:
    await play(await ledger.wallet())
    with opinion(database, tmp_path) as second, contextlib.closing(Reading(database.reader_url)) as reading:
        second.catch_up()
        positions = second.notebook.positions()
        for head in reading.heads():
            found = positions[head.shard]
            assert (found.size + 1, found.digest, found.peaks) == (head.next_sequence, head.digest, head.frontier)


async def test_it_agrees_with_every_kind_of_money(ledger: Ledger, database: Database, tmp_path: Path) -> None:
    await ledger.registry.put_licensee(
        name=LICENSEE, default_pack="sandbox", stake_order=1, shortfall=2, suspended=False, thresholds=[]
    )
    wallet = await ledger.wallet()
    player = await wallet.player()
    await wallet.must(player, "tip", c.Tip(money=money("1.00"), session="s"))
    await wallet.must(player, "gift", c.Credit(kind=Kind.PROMO, money=money("7.00"), to=AccountClass.BONUS))
    await wallet.must(player, "jackpot", c.Credit(kind=Kind.JACKPOT, money=money("3.00")))
    await wallet.must(player, "b1", bet("20.00", "r1"))
    await wallet.must(player, "w1", win("50.00", "r1"))
    await wallet.must(player, "b2", bet("120.00", "r2"))
    await wallet.must(player, "back", c.ReverseWin(win_key="w1"))
    await wallet.must(player, "cancel", c.Cancel(bet_key="b2"))
    await wallet.must(player, "hold", c.Hold(money=money("5.00"), tolerance=money("2.00")), source=CASHIER)
    await wallet.must(player, "capture", c.Capture(hold_key="hold", money=money("6.50")), source=CASHIER)
    assert ledger.value("SELECT debits - credits FROM account WHERE class = 4") > 0
    with opinion(database, tmp_path) as second:
        second.catch_up()
        second.page()
        assert second.alarms == []


TAMPERED = [
    ("UPDATE transfer SET game = game || 'x' WHERE (shard, sequence) = ({s}, {n})", "UPDATE transfer SET game = left(game, -1) WHERE (shard, sequence) = ({s}, {n})"),
    ("UPDATE transfer SET moved = moved + 1 WHERE (shard, sequence) = ({s}, {n})", "UPDATE transfer SET moved = moved - 1 WHERE (shard, sequence) = ({s}, {n})"),
    ("UPDATE transfer SET recorded_us = recorded_us + 1 WHERE (shard, sequence) = ({s}, {n})", "UPDATE transfer SET recorded_us = recorded_us - 1 WHERE (shard, sequence) = ({s}, {n})"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "back"), TAMPERED)
async def test_one_byte_changed_by_a_superuser_is_named_within_a_page(
    ledger: Ledger, database: Database, server: Postgres, tmp_path: Path, change: str, back: str
) -> None:
    await play(await ledger.wallet())
    shard, sequence = ledger.rows("SELECT shard, sequence FROM transfer WHERE kind = 1 AND outcome = 1 LIMIT 1")[0]
    with opinion(database, tmp_path) as second, superuser(server) as connection:
        second.catch_up()
        connection.execute(change.format(s=shard, n=sequence).encode())
        second.page()
        second.page()
        connection.execute(back.format(s=shard, n=sequence).encode())
        assert second.places() == {f"{shard}-{sequence}"}
        assert second.alarms[0].problem == "the entry was changed since it was recomputed"
        assert second.follower.disputed == {shard}


async def test_a_byte_changed_before_it_was_ever_read_is_named_by_its_batch(
    ledger: Ledger, database: Database, server: Postgres, tmp_path: Path
) -> None:
    await play(await ledger.wallet())
    shard, sequence = ledger.rows("SELECT shard, sequence FROM transfer WHERE kind = 1 AND outcome = 1 LIMIT 1")[0]
    with opinion(database, tmp_path) as second, superuser(server) as connection:
        connection.execute(TAMPERED[0][0].format(s=shard, n=sequence).encode())
        second.catch_up()
        connection.execute(TAMPERED[0][1].format(s=shard, n=sequence).encode())
        assert [alarm.place for alarm in second.alarms] == [f"{shard}-{sequence}"]
        assert "do not have the root of the batch" in second.alarms[0].problem


async def test_a_deleted_row_a_changed_balance_a_changed_batch_and_a_deleted_account_are_named(
    ledger: Ledger, database: Database, server: Postgres, tmp_path: Path
) -> None:
    await play(await ledger.wallet())
    shard, sequence = ledger.rows("SELECT shard, sequence FROM transfer WHERE kind = 1 AND outcome = 1 LIMIT 1")[0]
    rich, poor = (row[0] for row in ledger.rows("SELECT id FROM account WHERE class = 1 ORDER BY id LIMIT 2"))
    with opinion(database, tmp_path) as second, superuser(server) as connection:
        second.catch_up()
        connection.execute(
            "CREATE TEMP TABLE kept AS SELECT * FROM transfer WHERE (shard, sequence) = (%s, %s)", (shard, sequence)
        )
        connection.execute("CREATE TEMP TABLE poor AS SELECT * FROM account WHERE id = %s", (poor,))
        connection.execute("DELETE FROM transfer WHERE (shard, sequence) = (%s, %s)", (shard, sequence))
        connection.execute("UPDATE account SET credits = credits + 1 WHERE id = %s", (rich,))
        connection.execute("DELETE FROM account WHERE id = %s", (poor,))
        for _ in range(3):
            second.page()
        connection.execute("INSERT INTO transfer SELECT * FROM kept")
        connection.execute("UPDATE account SET credits = credits - 1 WHERE id = %s", (rich,))
        connection.execute("INSERT INTO account SELECT * FROM poor")
        assert second.places() == {f"{shard}-{sequence}", f"account {rich}", f"account {poor}"}
        assert "removed" in second.alarms[-1].problem or "removed" in second.alarms[0].problem


FACTS = [
    ("register", "'CLEAR'"),
    ("person", "'somebody else'"),
    ("pack", "'gb'"),
    ("born_on", "'1999-09-09'"),
    ("main_asset_id", "NULL"),
    ("blocked", "NOT blocked"),
]


async def _people(wallet: Wallet) -> None:
    """Players of whom each fact was said."""
    for name in ("first", "second"):
        said = c.OpenAccount(currency="EUR", born_on="1990-01-01", person=f"human of {name}")
        await wallet.must(name, "first", said, source=CASHIER)
        await wallet.player(name)
        login = c.Enter(purpose="login", answers=c.Answers(exclusion_register="SILENT"))
        await wallet.do(name, "login", login, source=CASHIER)
        await wallet.must(name, "block", c.SetBlock(blocked=True), source=CASHIER)


@pytest.mark.parametrize(("fact", "value"), FACTS)
async def test_a_changed_fact_of_a_player_is_named_with_the_player(
    ledger: Ledger, database: Database, server: Postgres, tmp_path: Path, fact: str, value: str
) -> None:
    await _people(await ledger.wallet())
    player = ledger.value("SELECT max(id) FROM player WHERE register = 'SILENT' AND person IS NOT NULL")
    before = ledger.value(f"SELECT {fact}::text FROM player WHERE id = {player}")  # noqa: S608 - names of the test
    kind = "boolean" if fact == "blocked" else "integer" if fact == "main_asset_id" else "text"
    with opinion(database, tmp_path) as second, superuser(server) as connection:
        second.catch_up()
        second.page()
        assert second.alarms == []
        connection.execute(f"UPDATE player SET {fact} = {value} WHERE id = {player}".encode())  # noqa: S608
        for _ in range(2):
            second.page()
        connection.execute(f"UPDATE player SET {fact} = %s::{kind} WHERE id = {player}".encode(), (before,))  # noqa: S608
        assert [(alarm.place, fact in alarm.problem) for alarm in second.alarms] == [(f"player {player}", True)]


async def test_a_fact_changed_before_its_entry_was_read_is_named_and_so_is_a_deleted_player(
    ledger: Ledger, database: Database, server: Postgres, tmp_path: Path
) -> None:
    await _people(await ledger.wallet())
    rows = ledger.rows("SELECT id FROM player WHERE register = 'SILENT' ORDER BY id")
    one, other = rows[0][0], rows[-1][0]
    with opinion(database, tmp_path) as second, superuser(server) as connection:
        connection.execute("UPDATE player SET register = NULL WHERE id = %s", (one,))
        connection.execute("CREATE TEMP TABLE kept AS SELECT * FROM player WHERE id = %s", (other,))
        connection.execute("DELETE FROM player WHERE id = %s", (other,))
        second.catch_up()
        connection.execute("UPDATE player SET register = 'SILENT' WHERE id = %s", (one,))
        connection.execute("INSERT INTO player SELECT * FROM kept")
        assert second.places() == {f"player {one}", f"player {other}"}


async def test_a_key_that_was_answered_twice_is_named_even_if_the_database_no_longer_forbids_it(
    ledger: Ledger, database: Database, server: Postgres, tmp_path: Path
) -> None:
    await play(await ledger.wallet(), range(2))
    rows = ledger.rows(
        "SELECT shard, sequence, key FROM transfer WHERE kind = 5 AND starts_with(key, 'd') ORDER BY sequence LIMIT 2"
    )
    (shard, _, taken), (_, sequence, key) = rows
    change = "UPDATE transfer SET key = %s WHERE (shard, sequence) = (%s, %s)"
    with opinion(database, tmp_path) as second, superuser(server) as connection:
        index = ledger.value("SELECT indexdef FROM pg_indexes WHERE indexname = 'transfer_key'")
        connection.execute("DROP INDEX transfer_key")
        connection.execute(change, (taken, shard, sequence))
        try:
            second.catch_up()
        finally:
            connection.execute(change, (key, shard, sequence))
            connection.execute(index.encode())
        assert Problem(f"{shard}-{sequence}", "its key was answered before") in {
            Problem(alarm.place, alarm.problem) for alarm in second.alarms
        }


async def test_a_ledger_rolled_back_to_an_earlier_state_is_named(
    ledger: Ledger, database: Database, server: Postgres, tmp_path: Path
) -> None:
    wallet = await ledger.wallet()
    await play(wallet, range(2))
    with opinion(database, tmp_path) as second, superuser(server) as connection:
        connection.execute("CREATE TEMP TABLE heads AS SELECT * FROM shard")
        shard = ledger.shard("player-1")
        await wallet.must("player-1", "last", deposit("1.00"), source=CASHIER)
        last = ledger.value("SELECT next_sequence - 1 FROM shard WHERE id = %s", shard)
        second.catch_up()
        connection.execute("CREATE TEMP TABLE now AS SELECT * FROM shard")
        roll = "UPDATE shard SET next_sequence = old.next_sequence, digest = old.digest, frontier = old.frontier FROM {} AS old WHERE old.id = shard.id"
        connection.execute(roll.format("heads").encode())
        second.page()
        connection.execute(roll.format("now").encode())
        assert f"{shard}-{last}" in second.places()


async def test_it_keeps_up_while_several_wallets_write(ledger: Ledger, database: Database, tmp_path: Path) -> None:
    wallets = [await ledger.wallet() for _ in range(2)]
    for number in range(4):
        await wallets[0].player(f"p{number}", "10000.00")

    async def load(wallet: Wallet, name: str) -> None:
        for number in range(150):
            await wallet.do(f"p{number % 4}", f"{name}-{number}", bet("0.10", f"{name}{number}"))

    with opinion(database, tmp_path, page_entries=50) as second:
        running = asyncio.gather(*(load(wallet, f"l{at}") for at, wallet in enumerate(wallets) for _ in range(1)))
        while not running.done():
            await asyncio.to_thread(second.page)
            await asyncio.sleep(0.005)
        page = second.catch_up()
        assert second.alarms == []
        assert page.checked == page.existing


async def test_a_notebook_that_is_spoiled_is_made_anew(ledger: Ledger, database: Database, tmp_path: Path) -> None:
    await play(await ledger.wallet(), range(2))
    (tmp_path / "notebook.sqlite").write_bytes(b"no database at all" * 1000)
    with opinion(database, tmp_path) as second:
        page = second.catch_up()
        assert second.alarms == []
        assert page.checked == page.existing


# -- proofs


def proofs(database: Database, folder: Path, *, key: str = "") -> Proofs:
    signer = Signer.load("test/ledger", key or new_seed())
    return Proofs(folder / "notebook.sqlite", database.reader_url, signer, statement_timeout_ms=5_000)


async def test_any_entry_is_proved_in_any_tree_that_has_it(ledger: Ledger, database: Database, tmp_path: Path) -> None:
    await play(await ledger.wallet())
    with (
        opinion(database, tmp_path, page_entries=300) as second,
        contextlib.closing(Reading(database.reader_url)) as read,
    ):
        second.catch_up()
        made = proofs(database, tmp_path)
        head = next(head for head in read.heads() if head.shard == ledger.shard("player-1"))
        entries = [canonical(transfer) for transfer in read.transfers(head)]
        assert len(entries) > 2 * TILE
        for sequence, size in [
            (1, 1),
            (1, 2),
            (2, 3),
            (255, 256),
            (256, 256),
            (257, 257),
            (5, 600),
            (513, 700),
            (512, 0),
        ]:
            found = made.inclusion(head.shard, sequence, size)
            text = write(entry=found.entry, index=found.index, path=found.path, checkpoint=found.signed.checkpoint)
            proved = check(text, [Key.parse(found.signed.verifier_key)])
            assert proved.entry == entries[sequence - 1]
            assert proved.checkpoint.root == root_of(entries[: size or len(entries)])
            assert proved.checkpoint.origin == f"test/ledger/{head.shard}"


async def test_a_later_log_is_proved_to_continue_an_earlier_one(
    ledger: Ledger, database: Database, tmp_path: Path
) -> None:
    wallet = await ledger.wallet()
    await play(wallet)
    made, shard = proofs(database, tmp_path), ledger.shard("player-1")
    with opinion(database, tmp_path) as second:
        second.catch_up()
        earlier = made.checkpoint(shard, 0)
        await play(wallet, range(6, 12))
        second.catch_up()
        for size in (1, 2, 255, 256, 300, 512, earlier.size):
            old = made.checkpoint(shard, size)
            found = made.consistency(shard, size, 0)
            keys = [Key.parse(found.signed.verifier_key)]
            new = open_checkpoint(found.signed.checkpoint, keys)
            check_consistency(open_checkpoint(old.checkpoint, keys), new, found.path)
            assert new.size > earlier.size
        assert made.checkpoint(shard, earlier.size) == earlier


async def test_what_is_not_checked_not_there_or_disputed_is_not_signed(
    ledger: Ledger, database: Database, server: Postgres, tmp_path: Path
) -> None:
    await play(await ledger.wallet())
    shard, sequence = ledger.rows("SELECT shard, sequence FROM transfer WHERE kind = 1 AND outcome = 1 LIMIT 1")[0]
    made = proofs(database, tmp_path)
    with pytest.raises(DependencyDownError):
        made.checkpoint(shard, 0)
    with opinion(database, tmp_path) as second, superuser(server) as connection:
        second.catch_up()
        size = made.checkpoint(shard, 0).size
        with pytest.raises(NotCheckedYetError):
            made.checkpoint(shard, size + 1)
        with pytest.raises(NotCheckedYetError):
            made.inclusion(shard, 3, 2)
        with pytest.raises(SizesInvalidError):
            made.consistency(shard, 5, 4)
        with pytest.raises(ShardNotFoundError):
            made.checkpoint(99, 0)
        with pytest.raises(NoSigningKeyError):
            Proofs(tmp_path / "notebook.sqlite", database.reader_url, None, statement_timeout_ms=5_000).checkpoint(
                shard, 0
            )
        change, back = (statement.format(s=shard, n=sequence).encode() for statement in TAMPERED[0])
        connection.execute(change)
        with pytest.raises(LedgerDisputedError):
            made.inclusion(shard, sequence, 0)
        made.inclusion(shard, sequence + 1, 0)
        second.page()
        second.page()
        with pytest.raises(LedgerDisputedError):
            made.inclusion(shard, sequence + 1, 0)
        connection.execute(back)
