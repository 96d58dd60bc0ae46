"""Plans that are made on an empty ledger, and kept: nothing that a flight reads may ever read a whole table."""

from __future__ import annotations

import psycopg
import pytest

from mesh.dev.postgres import Database
from wallet_svc.store import log
from wallet_svc.store.statements import STATEMENTS

LOOKED_UP = (
    "read_players",
    "read_plays",
    "read_holds",
    "read_keys",
    "read_rounds",
    "read_round_entries",
    "read_undone",
    "read_usage",
    "read_cycles",
    "find_batches",
    "due_holds",
    "due_rounds",
    "postpone_rounds",
)
LARGE = ("transfer", "round", "hold", "play", "player", "account", "batch")


def plan(database: Database, name: str, settings: bytes) -> list[str]:
    with psycopg.connect(database.service_url, autocommit=True) as connection:
        connection.execute(settings)
        with psycopg.RawCursor(connection) as cursor:
            cursor.execute(b"EXPLAIN (GENERIC_PLAN) " + STATEMENTS[name].text)
            return [str(row[0]) for row in cursor.fetchall()]


def whole_tables(lines: list[str]) -> list[str]:
    return [line for line in lines for table in LARGE if f"Seq Scan on {table} " in line]


@pytest.mark.parametrize("name", LOOKED_UP)
def test_what_a_flight_reads_is_looked_up_by_an_index_from_the_first_moment_on(database: Database, name: str) -> None:
    assert whole_tables(plan(database, name, log._PLANS)) == []


def test_without_that_an_empty_ledger_is_planned_to_be_read_whole(database: Database) -> None:
    plans = [plan(database, name, b"SET plan_cache_mode = force_generic_plan") for name in LOOKED_UP]
    assert any(whole_tables(lines) for lines in plans)
