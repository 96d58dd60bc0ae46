"""The clock of a node against the clock of a real database server, and the process that measures it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fact_sources.clock.rounds import Rounds
from fact_sources.clock.sources import DatabaseTime
from mesh.clock import SandboxClock, SystemClock, write_offset
from mesh.clock_report import ClockReport, read_report
from mesh.dev import postgres
from mesh.dev.child import Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_port
from mesh.dev.postgres import Postgres
from mesh.dev.ready import HttpOk
from tests.integration.mesh.waiting import until

LONG_US = 10**9


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.start() as started:
        started.create_database("times")
        yield started


async def test_a_database_server_shows_how_far_our_clock_is_off(server: Postgres, tmp_path: Path) -> None:
    write_offset(tmp_path / "clock", 0)
    source = DatabaseTime(server.database("times").owner_url, SandboxClock(tmp_path / "clock"), max_error_us=LONG_US)
    for offset_us in (0, 5_000_000, -3_600_000_000):
        write_offset(tmp_path / "clock", offset_us)
        found = await source.measure()
        assert found is not None
        assert abs(found.offset_us - offset_us) <= found.error_us
        assert found.source == "database"
    await source.close()


async def test_a_server_that_says_nothing_or_hangs_up_writes_no_report_and_is_asked_again(
    server: Postgres, tmp_path: Path
) -> None:
    url, file = server.database("times").owner_url, tmp_path / "report"
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        hung = DatabaseTime(f"postgresql://x@127.0.0.1:{port}/x", SystemClock(), max_error_us=LONG_US)
        assert await Rounds([hung], file, every_s=1, timeout_s=0.2).once() is None
    gone = Rounds([hung], file, every_s=1, timeout_s=30)
    assert await gone.once() is None
    source = DatabaseTime(url, SystemClock(), max_error_us=LONG_US)
    rounds = Rounds([source], file, every_s=1, timeout_s=30)
    assert await rounds.once() is not None
    with psycopg.connect(url) as owner:
        owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'clock'")
    assert await rounds.once() is None
    last = await rounds.once()
    assert last is not None
    assert read_report(file) == last
    await source.close()


def test_a_process_that_was_killed_leaves_a_report_that_is_over_soon(server: Postgres, tmp_path: Path) -> None:
    address, file = f"127.0.0.1:{free_port()}", tmp_path / "report"
    command = Command(
        name="clock",
        argv=[sys.executable, "-m", "fact_sources.clock"],
        environment={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": PYTHON_PATH,
            "PITBOSS_CLOCK_LISTEN": address,
            "PITBOSS_CLOCK_REPORT": str(file),
            "PITBOSS_CLOCK_EVERY_MS": "50",
            "PITBOSS_CLOCK_MAX_ERROR_MS": "60000",
            "PITBOSS_DATABASE_URL": server.database("times").owner_url,
        },
        log=tmp_path / "clock.log",
        directory=ROOT,
    )
    child = spawn(command)
    until(lambda: HttpOk(address=address, path="/readyz").check(1) == "", "it has measured")
    first = read_report(file)
    until(lambda: read_report(file) != first, "it has measured again")
    child.kill()
    clock, report = SystemClock(), ClockReport(file, tolerance_us=LONG_US, max_age_us=500_000)
    until(lambda: report.is_off(report.read(), clock.now_us()), "the report is over")
    assert report.read() is not None
    again = spawn(command)
    until(lambda: not report.is_off(report.read(), clock.now_us()), "it measures again")
    again.stop()
    assert again.exit_code == 0
