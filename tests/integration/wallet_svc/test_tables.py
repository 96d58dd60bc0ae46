"""What the database itself refuses, whatever the service does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors

from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.postgres import Database, Postgres
from tests.integration.wallet_svc.conftest import empty
from tests.integration.wallet_svc.ledger import CASHIER, Ledger, bet, money, win
from wallet_svc.domain import commands as c
from wallet_svc.migrate import upgrade

Session = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def played(server: Postgres, migrated: Database) -> Database:
    """Alice played, holds money, and cancelled a bet. No test here changes anything."""
    empty(server)
    asyncio.run(_play(migrated))
    return migrated


async def _play(database: Database) -> None:
    async with Ledger.open(database) as ledger:
        wallet = await ledger.wallet()
        await wallet.player()
        await wallet.must("alice", "b1", bet("10.00", "r1"))
        await wallet.must("alice", "b2", bet("5.00", "r2"))
        await wallet.must("alice", "c2", c.Cancel(bet_key="b2"))
        await wallet.must("alice", "w1", win("30.00", "r1", close=True))
        await wallet.must("alice", "h1", c.Hold(money=money("20.00")), source=CASHIER)


@pytest.fixture
def service(played: Database) -> Iterator[Session]:
    """What somebody can do who has stolen the service's password."""
    with psycopg.connect(played.service_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def owner(played: Database) -> Iterator[Session]:
    with psycopg.connect(played.owner_url) as connection:
        yield connection
        connection.rollback()


@pytest.mark.parametrize("table", ["transfer", "batch"])
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM {}", "UPDATE {} SET recorded_us = 0", "TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} DISABLE TRIGGER ALL"],
)  # fmt: skip
def test_the_service_cannot_change_history(service: Session, table: str, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        service.execute(statement.format(table).encode())


@pytest.mark.parametrize("table", ["transfer", "batch"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET recorded_us = 0", "TRUNCATE {}"])
def test_history_is_final_even_for_its_owner(owner: Session, table: str, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege, match="history is final"):
        owner.execute(statement.format(table).encode())


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM account",
        "DELETE FROM player",
        "DELETE FROM shard",
        "INSERT INTO shard (id) VALUES (99)",
        "UPDATE account SET player_id = NULL",
        "UPDATE player SET name = 'mallory'",
        "UPDATE hold SET amount = 1",
        "UPDATE round SET opened_us = 0",
        "UPDATE play SET game = NULL",
        "UPDATE source SET name = 'x'",
        "DELETE FROM licensee",
        "DELETE FROM asset",
        "TRUNCATE hold",
        "CREATE TABLE mine ()",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_the_service_can_do_what_it_needs_and_no_more(service: Session, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        service.execute(statement.encode())


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE account SET debits = credits + 1 WHERE class = 1", "account_floor"),
        ("UPDATE account SET debits = credits + 1 WHERE class = 2", "account_floor"),
        ("UPDATE account SET credits = 9223372036854775808 + debits WHERE class = 1", "account_ceiling"),
        ("UPDATE account SET debits = -1 WHERE class = 11", "account_debits_check"),
        ("UPDATE account SET credits = -1 WHERE class = 11", "account_credits_check"),
        ("UPDATE hold SET captured = amount + 1, state = 2", "hold_never_exceeded"),
        ("UPDATE hold SET captured = amount", "hold_ends_empty"),
        ("UPDATE hold SET state = 3", "hold_ends_empty"),
        ("UPDATE round SET state = 1", "round_check"),
        ("UPDATE player SET protection = protection, blocked = NULL", ""),
    ],
)
def test_balances_holds_and_rounds_stay_possible(service: Session, statement: str, constraint: str) -> None:
    with pytest.raises((errors.CheckViolation, errors.NotNullViolation)) as refused:
        service.execute(statement.encode())
    assert (refused.value.diag.constraint_name or "") == constraint


_COLUMNS = (
    "shard, sequence, operation, licensee_id, player_id, source_id, kind, key, outcome, asset_id, amount, debit_id,"
    " credit_id, moved, debit_after, credit_after, available, undoes, recorded_us, request_id"
)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"sequence": "sequence + 1000"}, "transfer_key"),
        ({"sequence": "sequence + 1000", "key": "'new'", "undoes": "(SELECT max(undoes) FROM transfer)"}, "transfer_undone_once"),
        ({"key": "'new'"}, "transfer_pkey"),
        ({"sequence": "0", "key": "'new'"}, "transfer_sequence_check"),
        ({"sequence": "sequence + 1000", "key": "'new'", "moved": "0"}, "transfer_moved_check"),
        ({"sequence": "sequence + 1000", "key": "'new'", "moved": "-1"}, "transfer_moved_check"),
        ({"sequence": "sequence + 1000", "key": "'new'", "amount": "-1"}, "transfer_amount_check"),
        ({"sequence": "sequence + 1000", "key": "'new'", "credit_id": "debit_id"}, "transfer_two_sides"),
        ({"sequence": "sequence + 1000", "key": "'new'", "credit_id": "NULL"}, "transfer_two_sides"),
        ({"sequence": "sequence + 1000", "key": "'new'", "outcome": "3"}, "transfer_refused_moves_nothing"),
        ({"sequence": "sequence + 1000", "key": "'new'", "available": "-1"}, "transfer_available_check"),
    ],
)  # fmt: skip
def test_an_entry_that_contradicts_history_is_refused(service: Session, changes: dict[str, str], refusal: str) -> None:
    values = ", ".join(changes.get(name.strip(), name.strip()) for name in _COLUMNS.split(","))
    statement = f"INSERT INTO transfer ({_COLUMNS}) SELECT {values} FROM transfer WHERE kind = 1 AND key = 'b1'"  # noqa: S608
    with pytest.raises((errors.UniqueViolation, errors.CheckViolation)) as refused:
        service.execute(statement.encode())
    assert refused.value.diag.constraint_name == refusal


def test_two_batches_cannot_follow_the_same_one(service: Session) -> None:
    with pytest.raises(errors.UniqueViolation, match="previous"):
        service.execute(
            b"INSERT INTO batch (shard, first_sequence, count, previous, digest, root, writer, recorded_us)"
            b" SELECT shard, first_sequence + 1000, 1, previous, sha256('\\x02' || previous || int2send(shard) ||"
            b" int8send(first_sequence + 1000) || int4send(1) || root), root, 'mallory', 0 FROM batch LIMIT 1"
        )


def test_a_batch_with_another_digest_than_its_own_is_refused(service: Session) -> None:
    with pytest.raises(errors.CheckViolation) as refused:
        service.execute(
            b"INSERT INTO batch (shard, first_sequence, count, previous, digest, root, writer, recorded_us)"
            b" SELECT shard, first_sequence + 1000, 1, digest, digest, root, 'mallory', 0 FROM batch LIMIT 1"
        )
    assert refused.value.diag.constraint_name == "batch_digest"


def test_a_head_without_the_peaks_of_its_tree_is_refused(service: Session) -> None:
    with pytest.raises(errors.CheckViolation) as refused:
        service.execute("UPDATE shard SET next_sequence = next_sequence + 1 WHERE next_sequence > 1")
    assert refused.value.diag.constraint_name == "shard_frontier"


def test_an_asset_in_use_keeps_its_exponent(service: Session) -> None:
    with pytest.raises(errors.ForeignKeyViolation):
        service.execute("UPDATE asset SET exponent = 3 WHERE code = 'EUR'")


def test_the_reader_changes_nothing(played: Database) -> None:
    with psycopg.connect(played.reader_url) as reader:
        reader.execute("SET TRANSACTION READ WRITE")
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute("UPDATE account SET debits = 0")


# -- migrations


def tables_of(database: Database) -> set[str]:
    with psycopg.connect(database.owner_url) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {name for (name,) in found}


def test_a_migration_done_twice_changes_nothing(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PITBOSS_SHARDS", "3")
    upgrade(empty_database.owner_url)
    monkeypatch.setenv("PITBOSS_SHARDS", "5")
    upgrade(empty_database.owner_url)
    with psycopg.connect(empty_database.owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM shard").fetchone() == (3,)


def test_two_migrations_at_once_take_turns(empty_database: Database) -> None:
    environment = {"PITBOSS_DATABASE_URL": empty_database.owner_url, "PYTHONPATH": PYTHON_PATH}
    command = [sys.executable, "-m", "wallet_svc", "migrate"]
    running = [subprocess.Popen(command, env=environment, cwd=ROOT) for _ in range(3)]
    assert [process.wait(timeout=30) for process in running] == [0, 0, 0]
    assert {"shard", "transfer", "schema_migration"} <= tables_of(empty_database)


def _freeze(owner: Session, standing: int) -> None:
    owner.execute("UPDATE account SET standing = %s WHERE class IN (1, 3)", (standing,))


def test_nothing_is_taken_from_a_frozen_account(owner: Session) -> None:
    _freeze(owner, 2)
    with pytest.raises(errors.CheckViolation):
        owner.execute("UPDATE account SET debits = debits + 1 WHERE class = 1")


def test_a_frozen_account_is_still_paid(owner: Session) -> None:
    _freeze(owner, 2)
    owner.execute("UPDATE account SET credits = credits + 1 WHERE class = 1")


_CREDIT = """
INSERT INTO transfer (sequence, operation, player_id, debit_id, credit_id, moved, amount, recorded_us, shard,
                      licensee_id, source_id, kind, outcome, request_id)
SELECT 10000 + %(kind)s, 10000 + %(kind)s, cash.player_id, house.id, cash.id, 1, 1, 0, cash.shard, cash.licensee_id, 1,
       %(kind)s, 1, ''
FROM account AS cash JOIN account AS house ON house.shard = cash.shard AND house.class > 10
WHERE cash.class = 1 LIMIT 1
"""


@pytest.mark.parametrize("standing", [1, 4])
@pytest.mark.parametrize("kind", [5, 14, 15])
def test_a_credit_that_can_wait_is_not_booked_into_an_account_that_is_frozen_or_closed(
    owner: Session, standing: int, kind: int
) -> None:
    _freeze(owner, standing)
    with pytest.raises(errors.CheckViolation):
        owner.execute(_CREDIT, {"kind": kind})


@pytest.mark.parametrize("kind", [2, 3, 8, 16, 17, 18, 19])
def test_wins_refunds_and_what_else_cannot_wait_pass_every_freeze(owner: Session, kind: int) -> None:
    _freeze(owner, 7)
    owner.execute(_CREDIT, {"kind": kind})


def test_a_hold_is_captured_beyond_itself_only_within_its_tolerance(owner: Session) -> None:
    with pytest.raises(errors.CheckViolation):
        owner.execute("UPDATE hold SET beyond = tolerance + 1")


def test_what_a_player_owes_is_never_above_zero(owner: Session) -> None:
    with pytest.raises(errors.CheckViolation):
        owner.execute("UPDATE account SET class = 4 WHERE class = 1")


def test_only_a_correction_has_a_sign(owner: Session) -> None:
    with pytest.raises(errors.CheckViolation):
        owner.execute(_CREDIT.replace("1, 1, 0,", "1, -1, 0,"), {"kind": 2})
