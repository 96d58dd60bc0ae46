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
        await wallet.must("alice", "h2", c.Hold(money=money("5.00")), source=CASHIER)
        await wallet.must("alice", "k2", c.Capture(hold_key="h2"), source=CASHIER)
        await wallet.must("alice", "h3", c.Hold(money=money("5.00")), source=CASHIER)
        await wallet.must("alice", "k3", c.Capture(hold_key="h3", money=money("2.00")), source=CASHIER)


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
        ("UPDATE account SET debits = -1 WHERE class = 11", "account_counters_rise"),
        ("UPDATE account SET credits = -1 WHERE class = 11", "account_counters_rise"),
        ("UPDATE hold SET captured = amount + 1, state = 2", "hold_never_exceeded"),
        ("UPDATE hold SET captured = amount", "hold_ends_empty"),
        ("UPDATE hold SET state = 3", "hold_ends_empty"),
        ("UPDATE round SET state = 1", "round_closes_once"),
        ("UPDATE player SET protection = protection, blocked = NULL", ""),
    ],
)
def test_balances_holds_and_rounds_stay_possible(service: Session, statement: str, constraint: str) -> None:
    with pytest.raises((errors.CheckViolation, errors.NotNullViolation, errors.UniqueViolation)) as refused:
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
    with pytest.raises(errors.CheckViolation, match="does not continue the chain"):
        service.execute(
            b"INSERT INTO batch (shard, first_sequence, count, previous, digest, root, writer, recorded_us)"
            b" SELECT shard, first_sequence + 1000, 1, previous, sha256('\\x02' || previous || int2send(shard) ||"
            b" int8send(first_sequence + 1000) || int4send(1) || root), root, 'mallory', 0 FROM batch LIMIT 1"
        )


def test_a_batch_with_another_digest_than_its_own_is_refused(service: Session) -> None:
    with pytest.raises(errors.CheckViolation) as refused:
        service.execute(
            b"INSERT INTO batch (shard, first_sequence, count, previous, digest, root, writer, recorded_us)"
            b" SELECT shard, first_sequence + count, 1, digest, digest, root, 'mallory', 0 FROM batch"
            b" ORDER BY first_sequence DESC LIMIT 1"
        )
    assert refused.value.diag.constraint_name == "batch_digest"


def test_a_head_without_the_peaks_of_its_tree_is_refused(service: Session) -> None:
    with pytest.raises(errors.CheckViolation) as refused:
        service.execute(
            "UPDATE shard SET next_sequence = next_sequence + 1, digest = sha256(digest) WHERE next_sequence > 1"
        )
    assert refused.value.diag.constraint_name == "shard_frontier"


def test_an_asset_in_use_keeps_its_exponent(service: Session) -> None:
    with pytest.raises(errors.ForeignKeyViolation):
        service.execute("UPDATE asset SET exponent = 3 WHERE code = 'EUR'")


def test_the_reader_changes_nothing(played: Database) -> None:
    with psycopg.connect(played.reader_url) as reader:
        reader.execute("SET TRANSACTION READ WRITE")
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute("UPDATE account SET debits = 0")


# -- what never goes back


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE account SET debits = debits - 1 WHERE debits > 0 AND class = 1", "account_counters_rise"),
        ("UPDATE account SET credits = credits - 1 WHERE credits > 0 AND class = 12", "account_counters_rise"),
        ("UPDATE hold SET state = 1 WHERE key = 'h2'", "hold_ends_once"),
        ("UPDATE hold SET state = 4 WHERE key = 'h2'", "hold_ends_once"),
        ("UPDATE hold SET captured = captured - 1 WHERE captured > 0 AND state = 1", "hold_counters_rise"),
        ("UPDATE round SET state = 1, closed_us = NULL WHERE state = 2", "round_closes_once"),
        ("UPDATE round SET closed_us = closed_us + 1 WHERE state = 2", "round_closes_once"),
        ("UPDATE shard SET next_sequence = 1, digest = sha256(digest) WHERE next_sequence > 1", "shard_advances"),
        ("UPDATE shard SET next_id = next_id - 1 WHERE next_id > 1", "shard_advances"),
        ("UPDATE shard SET digest = sha256(digest)", "shard_advances"),
        ("UPDATE shard SET registry_version = registry_version - 1", "shard_advances"),
    ],
)
@pytest.mark.parametrize("role", ["service", "owner"])
def test_what_only_rises_or_ends_once_does_so_for_everybody(
    request: pytest.FixtureRequest, role: str, statement: str, constraint: str
) -> None:
    session: Session = request.getfixturevalue(role)
    with pytest.raises((errors.CheckViolation, errors.UniqueViolation)) as refused:
        session.execute(statement.encode())
    assert refused.value.diag.constraint_name == constraint


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account SET player_id = player_id + 1024 WHERE class = 1",
        "UPDATE account SET asset_id = asset_id",
        "DELETE FROM account",
        "TRUNCATE account",
        "DELETE FROM hold",
        "UPDATE hold SET amount = amount + 1 WHERE state = 1",
    ],
)
def test_accounts_and_holds_stay_what_they_are_even_for_the_owner(owner: Session, statement: str) -> None:
    with pytest.raises((errors.CheckViolation, errors.UniqueViolation)):
        owner.execute(statement.encode())


def _batch(first: str, previous: str) -> bytes:
    """A batch with a right digest at some place of the chain."""
    place = f"shard, {first}, 1, {previous}"
    digest = f"sha256('\\x02' || {previous} || int2send(shard) || int8send({first}) || int4send(1) || root)"
    columns = "shard, first_sequence, count, previous, digest, root, writer, recorded_us"
    values = f"{place}, {digest}, root, 'mallory', 0"
    last = "batch ORDER BY first_sequence DESC LIMIT 1"
    return f"INSERT INTO batch ({columns}) SELECT {values} FROM {last}".encode()  # noqa: S608 - our own words


@pytest.mark.parametrize("role", ["service", "owner"])
@pytest.mark.parametrize(
    ("first", "previous"),
    [
        ("first_sequence + count + 1", "digest"),
        ("first_sequence + count - 1", "digest"),
        ("first_sequence + count", "previous"),
        ("first_sequence + count", "sha256(digest)"),
    ],
    ids=["gap", "overlap", "branch", "beside"],
)
def test_a_batch_that_does_not_continue_the_last_one_is_refused_to_everybody(
    request: pytest.FixtureRequest, role: str, first: str, previous: str
) -> None:
    session: Session = request.getfixturevalue(role)
    with pytest.raises(errors.CheckViolation) as refused:
        session.execute(_batch(first, previous))
    assert refused.value.diag.constraint_name == "batch_chained"


def test_the_batch_that_does_continue_it_is_not(service: Session) -> None:
    assert service.execute(_batch("first_sequence + count", "digest")).rowcount == 1


def test_a_deposit_above_the_cap_of_its_asset_is_refused(owner: Session) -> None:
    owner.execute("UPDATE asset SET cap = 10")
    with pytest.raises(errors.CheckViolation) as refused:
        owner.execute(
            f"INSERT INTO transfer ({_COLUMNS}) SELECT "  # noqa: S608
            + _COLUMNS.replace("sequence", "sequence + 1000", 1).replace(", key,", ", 'new',")
            + " FROM transfer WHERE kind = 5 LIMIT 1"
        )
    assert refused.value.diag.constraint_name == "transfer_capped"


# -- tenants


@pytest.fixture
def tenant(server: Postgres, played: Database) -> Iterator[str]:
    """Address for a role that may read for one licensee, which has no player."""
    base = server.admin_url.removesuffix("/postgres") + f"/{played.name}"
    with psycopg.connect(base, autocommit=True) as admin:
        admin.execute("CREATE ROLE auditor LOGIN PASSWORD 'auditor'")
        admin.execute(f"GRANT CONNECT ON DATABASE {played.name} TO auditor".encode())
        admin.execute("GRANT USAGE ON SCHEMA public TO auditor")
        admin.execute("GRANT SELECT ON transfer, account, player, day_total, tenant_reader TO auditor")
        admin.execute("INSERT INTO licensee (name, default_pack) VALUES ('castor', 'sandbox')")
        admin.execute("INSERT INTO tenant_reader SELECT 'auditor', id FROM licensee WHERE name = 'castor'")
        yield f"postgresql://auditor:auditor@{base.rpartition('@')[2]}"
        admin.execute("DELETE FROM tenant_reader")
        admin.execute("DELETE FROM licensee WHERE name = 'castor'")
        admin.execute("DROP OWNED BY auditor")
        admin.execute("DROP ROLE auditor")


@pytest.mark.parametrize("table", ["transfer", "account", "player"])
def test_a_role_that_reads_for_one_licensee_sees_no_row_of_another(played: Database, tenant: str, table: str) -> None:
    count = f"SELECT count(*) FROM {table}".encode()  # noqa: S608 - our own names
    with psycopg.connect(tenant) as auditor, psycopg.connect(played.owner_url, autocommit=True) as owner:
        assert auditor.execute(count).fetchone() == (0,)
        own = "SELECT id FROM licensee WHERE name = 'borealis'"
        owner.execute(f"UPDATE tenant_reader SET licensee_id = ({own})".encode())  # noqa: S608 - as above
        assert auditor.execute(count).fetchone() == owner.execute(count).fetchone() != (0,)


def test_a_role_that_reads_for_one_licensee_cannot_say_for_which(tenant: str) -> None:
    with psycopg.connect(tenant) as auditor, pytest.raises(errors.InsufficientPrivilege):
        auditor.execute("UPDATE tenant_reader SET licensee_id = 1")


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


@pytest.fixture
def guarded(server: Postgres, empty_database: Database) -> Database:
    """A ledger whose superuser guards history."""
    upgrade(empty_database.owner_url)
    base = server.admin_url.removesuffix("/postgres") + f"/{empty_database.name}"
    with psycopg.connect(base, autocommit=True) as admin:
        admin.execute((ROOT / "wallet_svc" / "sql" / "guard.sql").read_bytes())
    return empty_database


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE transfer DISABLE TRIGGER ALL",
        "ALTER TABLE transfer DROP CONSTRAINT transfer_two_sides",
        "ALTER TABLE account DROP CONSTRAINT account_floor",
        "ALTER TABLE batch ADD COLUMN note text",
        "DROP TRIGGER transfer_is_final ON transfer",
        "DROP TABLE transfer CASCADE",
        "DROP INDEX transfer_key",
        "ALTER TABLE transfer DISABLE ROW LEVEL SECURITY",
    ],
)
def test_where_a_superuser_guards_it_the_owner_cannot_weaken_history(guarded: Database, statement: str) -> None:
    with psycopg.connect(guarded.owner_url) as owner, pytest.raises(errors.InsufficientPrivilege, match="final"):
        owner.execute(statement.encode())


def test_the_guard_of_history_lets_migrations_and_everything_else_pass(guarded: Database) -> None:
    upgrade(guarded.owner_url)
    with psycopg.connect(guarded.owner_url) as owner:
        owner.execute("CREATE TABLE note (n integer)")
        owner.execute("DROP TABLE note")
        owner.execute("SELECT set_config('pitboss.migrating', 'on', true)")
        owner.execute("ALTER TABLE transfer ADD COLUMN note text")
        owner.rollback()


def test_the_owner_of_the_tables_need_not_be_able_to_log_in(
    server: Postgres, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = f"{empty_database.name}_keeper"
    base = server.admin_url.removesuffix("/postgres") + f"/{empty_database.name}"
    with psycopg.connect(base, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {owner} NOLOGIN".encode())
        admin.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {owner}".encode())
        admin.execute(f"GRANT {owner} TO {empty_database.name}_owner".encode())
        monkeypatch.setenv("PITBOSS_OWNER_ROLE", owner)
        upgrade(empty_database.owner_url)
        rows = admin.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert rows == [(owner,)]
        admin.execute(f"REVOKE {owner} FROM {empty_database.name}_owner".encode())
        admin.execute(f"DROP OWNED BY {owner} CASCADE".encode())
        admin.execute(f"DROP ROLE {owner}".encode())


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
