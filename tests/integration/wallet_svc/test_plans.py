"""Plans that are made on an empty ledger, and kept: nothing that a flight reads may ever read a whole table."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from mesh.dev.postgres import Database
from tests.integration.wallet_svc.ledger import Ledger, bet
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


def plan(database: Database, statement: bytes, settings: bytes) -> list[str]:
    with psycopg.connect(database.service_url, autocommit=True) as connection:
        connection.execute(settings)
        with psycopg.RawCursor(connection) as cursor:
            cursor.execute(b"EXPLAIN (GENERIC_PLAN) " + statement)
            return [str(row[0]) for row in cursor.fetchall()]


def whole_tables(lines: list[str]) -> list[str]:
    return [line for line in lines for table in LARGE if f"Seq Scan on {table} " in line]


@pytest.mark.parametrize("name", LOOKED_UP)
def test_what_a_flight_reads_is_looked_up_by_an_index_from_the_first_moment_on(database: Database, name: str) -> None:
    assert whole_tables(plan(database, STATEMENTS[name].text, log._SESSION)) == []


def test_a_whole_table_would_be_seen(database: Database) -> None:
    assert whole_tables(plan(database, b"SELECT FROM transfer WHERE amount = $1", log._SESSION)) != []


_GROW = """
    INSERT INTO transfer SELECT (jsonb_populate_record(one, jsonb_build_object(
        'sequence', one.sequence + number * 1000, 'key', 'grown-' || number, 'round', 'grown-' || number))).*
    FROM transfer AS one, generate_series(1, 200) AS number WHERE one.key = 'b1';
    INSERT INTO round SELECT (jsonb_populate_record(one, jsonb_build_object('name', 'grown-' || number))).*
    FROM round AS one, generate_series(1, 200) AS number WHERE one.name = 'r1';
    ANALYZE transfer, round
"""


async def test_rounds_that_are_due_are_found_without_reading_a_ledger_that_has_grown(ledger: Ledger) -> None:
    wallet = await ledger.wallet()
    for number in range(100):
        await wallet.player(f"p{number}")
        await wallet.must(f"p{number}", "b1", bet("1.00", "r1"))
    with psycopg.connect(ledger.database.owner_url) as connection:
        connection.execute(_GROW)
        connection.execute(log._SESSION)
        with psycopg.RawCursor(connection) as cursor:
            cursor.execute(b"PREPARE due (bigint) AS " + STATEMENTS["postpone_rounds"].text)
            cursor.execute(b"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE due (0)")
            read = [node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in nodes(cursor.fetchone())]
        connection.rollback()
    assert sum(read) == 0


def nodes(answer: Any) -> list[dict[str, Any]]:
    """All nodes of a plan that were run."""
    found, waiting = [], [answer[0][0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        found.append(node)
    return found
