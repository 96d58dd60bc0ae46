"""The checker against a ledger that the mesh has written, before and after somebody with all rights has touched it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import httpx
import psycopg
import pytest

from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.stack import Options, Stack
from mesh.verify.report import Report, verify
from pitboss_sdk import Client, LimitExceededError, LimitKind, Money
from tests.integration.mesh.waiting import until_offered

PROVIDERS = {"hub88_style": "demo_live_roulette", "pragmatic_style": "lgdemo"}
SCENARIOS = ("win", "duplicate_bet", "bet_reply_lost", "cancel_before_bet", "too_much")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(Options(kind="verify")) as running:
        _live_a_little(running)
        yield running


def _live_a_little(stack: Stack) -> None:
    mesh = stack.mesh
    studios = {each["name"]: each["studio_url"] for each in mesh["providers"]}
    with Client(mesh["gateway"]["grpc"], token=stack.token("borealis"), ca_file=mesh["gateway"]["ca"]) as client:
        client.open_account("pl-1", "EUR", born_on=date(1986, 1, 15))
        client.deposit("pl-1", Money(Decimal(100), "EUR"))
        for provider, game in PROVIDERS.items():
            until_offered(client, provider, game)
            launch = client.create_session("pl-1", provider=provider, game_id=game, currency_code="EUR")
            with httpx.Client(base_url=studios[provider], trust_env=False, timeout=30) as control:
                for scenario in SCENARIOS:
                    told = control.post(f"/control/scenario/{scenario}", json={"launch_url": launch.launch_url}).json()
                    assert told["passed"], told
                _settle(control)
            # The law of `base` allows one game at a time.
            client.close_session(launch.session.session_id)
        reserved = client.request_withdrawal("pl-1", Money(10, "EUR"))
        client.capture_withdrawal("pl-1", reserved.transaction_key, Money(4, "EUR"))
        client.request_withdrawal("pl-1", Money(3, "EUR"))
        client.set_limit("pl-1", LimitKind.DEPOSIT, Money(100, "EUR"), window="24h")
        with pytest.raises(LimitExceededError):
            client.deposit("pl-1", Money(1, "EUR"))


def _settle(control: httpx.Client) -> None:
    control.post("/control/stop", json={})
    while (record := control.get("/control/record").json())["settling"] or record["unresolved"]:
        time.sleep(0.05)


def records(stack: Stack) -> dict[str, Path]:
    return {name: stack.run / "studios" / f"{name}.record" for name in PROVIDERS}


def reader_url(stack: Stack) -> str:
    return str(stack.mesh["postgres"]["databases"]["wallet_svc"]["reader_url"])


def check(stack: Stack) -> Report:
    return verify(reader_url(stack), records(stack))


def red(report: Report) -> set[str]:
    return {one.name for one in report.checks if not one.ok}


@contextmanager
def touched(stack: Stack, change: str, back: str) -> Iterator[None]:
    """A change by somebody whom no trigger and no privilege stops, taken back at the end."""
    owner = psycopg.conninfo.conninfo_to_dict(stack.mesh["postgres"]["admin_url"])
    database = psycopg.conninfo.conninfo_to_dict(reader_url(stack))["dbname"]
    with psycopg.connect(**{**owner, "dbname": database, "autocommit": True}) as connection:  # type: ignore[arg-type]
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(change.encode()).rowcount > 0
        try:
            yield
        finally:
            assert connection.execute(back.encode()).rowcount > 0


def test_a_ledger_that_nobody_touched_passes_every_check_and_every_check_saw_something(stack: Stack) -> None:
    report = check(stack)
    assert red(report) == set()
    assert len(report.checks) == 17
    seen = {one.name: one.detail for one in report.checks}
    # Nobody here was granted free rounds.
    assert seen.pop("no free round paid twice").startswith("0 ")
    # Nor has anybody here a wallet of its own.
    assert seen.pop("licensees' own wallets were asked and told once").startswith("0 ")
    assert all(not detail.startswith("0 ") for detail in seen.values()), seen
    assert report.totals["licensees"][0]["deposited"] == "100.00"
    assert report.totals["reasons"] == {"LIM.DEPOSIT.24H": 1}


BALANCES, BOOKS, CHAIN = "every balance equals its transfers", "books sum to zero per currency", "chain intact"
FACTS = "facts of players are those of the log"
HUB88 = "studio hub88_style equals our ledger to the cent"
ANY_CASH = "(SELECT min(id) FROM account WHERE class = 1)"
FLIPPED_ROOT = (
    "UPDATE batch SET root = flipped, digest = sha256('\\x02' || previous || int2send(shard) || int8send(first_sequence)"
    " || int4send(count) || flipped) FROM (SELECT shard AS s, first_sequence AS f,"
    " set_byte(root, 0, 255 - get_byte(root, 0)) AS flipped FROM batch) WHERE shard = s AND first_sequence = f"
)
ANY_WIN = "kind = 2 AND moved IS NOT NULL AND source_id = (SELECT id FROM source WHERE name = 'hub88_style')"


@pytest.mark.parametrize(
    ("change", "back", "expected"),
    [
        (
            f"UPDATE account SET credits = credits + 1 WHERE id = {ANY_CASH}",  # noqa: S608
            f"UPDATE account SET credits = credits - 1 WHERE id = {ANY_CASH}",  # noqa: S608
            {BALANCES, BOOKS},
        ),
        (
            "UPDATE account SET credits = credits + 1, debits = debits + 1 WHERE class = 12",
            "UPDATE account SET credits = credits - 1, debits = debits - 1 WHERE class = 12",
            {BALANCES},
        ),
        (
            f"UPDATE transfer SET moved = moved + 1 WHERE {ANY_WIN}",  # noqa: S608
            f"UPDATE transfer SET moved = moved - 1 WHERE {ANY_WIN}",  # noqa: S608
            {BALANCES, CHAIN, HUB88, "accepted actions moved their amount"},
        ),
        (
            f"UPDATE transfer SET game = game || 'x' WHERE {ANY_WIN}",  # noqa: S608
            f"UPDATE transfer SET game = left(game, -1) WHERE {ANY_WIN}",  # noqa: S608
            {CHAIN},
        ),
        (
            "UPDATE transfer SET decision = decision || ' ' WHERE decision IS NOT NULL",
            "UPDATE transfer SET decision = rtrim(decision) WHERE decision IS NOT NULL",
            {CHAIN},
        ),
        (
            FLIPPED_ROOT,
            FLIPPED_ROOT,
            {CHAIN},
        ),
        (
            "UPDATE shard SET next_sequence = next_sequence + (1::bigint << 40), frontier = sha256('') || frontier",
            "UPDATE shard SET next_sequence = next_sequence - (1::bigint << 40), frontier = substr(frontier, 33)",
            {"sequences gap-free", CHAIN},
        ),
        (
            "UPDATE round SET name = name || 'x'",
            "UPDATE round SET name = left(name, -1)",
            {"no round left in the middle"},
        ),
        (
            "UPDATE hold SET amount = amount + 1",
            "UPDATE hold SET amount = amount - 1",
            {"holds consistent"},
        ),
        ("UPDATE player SET register = 'CLEAR'", "UPDATE player SET register = NULL", {FACTS}),
        ("UPDATE player SET born_on = born_on || 'x'", "UPDATE player SET born_on = left(born_on, -1)", {FACTS}),
        ("UPDATE player SET blocked = NOT blocked", "UPDATE player SET blocked = NOT blocked", {FACTS}),
        (
            "UPDATE transfer SET outcome = 3 WHERE kind = 5 AND outcome = 4",
            "UPDATE transfer SET outcome = 4 WHERE kind = 5 AND outcome = 3",
            {CHAIN},
        ),
        (
            "UPDATE source SET name = 'hub88_stile' WHERE name = 'hub88_style'",
            "UPDATE source SET name = 'hub88_style' WHERE name = 'hub88_stile'",
            {HUB88},
        ),
    ],
)  # fmt: skip
def test_one_change_by_hand_is_found(stack: Stack, change: str, back: str, expected: set[str]) -> None:
    with touched(stack, change, back):
        assert red(check(stack)) == expected
    assert red(check(stack)) == set()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH}
    command = [sys.executable, "-m", "mesh.verify", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_command_says_it_with_its_exit_code(stack: Stack) -> None:
    studios = [f"--studio={name}={path}" for name, path in records(stack).items()]
    good = run("--postgres", reader_url(stack), *studios, "--json")
    assert (good.returncode, json.loads(good.stdout)["ok"]) == (0, True)
    with touched(stack, "UPDATE hold SET amount = amount + 1", "UPDATE hold SET amount = amount - 1"):
        bad = run("--postgres", reader_url(stack))
    assert bad.returncode == 1
    assert "WRONG holds consistent" in bad.stdout
    assert run("--postgres", "postgresql://nobody@127.0.0.1:1/none").returncode == 2
    assert run("--studio", "no-path").returncode == 2
