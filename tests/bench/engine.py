"""The engine without transport: decide, chain, commit. Law on, fsync on, two processes' worth of safety."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from mesh.database import connect
from mesh.dev.postgres import Database
from tests.bench.worker import GAME, LICENSEE, PROVIDER, Done, Job, share_of
from wallet_svc.domain.state import ProviderFlags
from wallet_svc.migrate import upgrade
from wallet_svc.store.registry import RegistryStore

PLAYERS = 512
_IN_FLIGHT = 1024
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Transfers per second over all processes, per commit, and what one costs in microseconds of CPU."""

    tps: float
    batch: float
    engine_us: float
    """Of the engine's processes, the making of requests included."""
    server_us: float
    """Of their backends of PostgreSQL."""


class Workers:
    """Engine processes on the same shards, each with players of its own."""

    def __init__(self, database: Database, processes: Sequence["subprocess.Popen[str]"]) -> None:
        self._database = database
        self._processes = processes

    def spread(self, seconds: float, *, generation: int = 0, transfers: int = 0) -> Measured:
        """Every process at its players, all at once; for `seconds`, or until `transfers` are durable."""
        shares = len(self._processes)
        each = transfers // shares
        return self._run([_job(share_of(at, shares, generation, PLAYERS), seconds, each) for at in range(shares)])

    def hot(self, seconds: float) -> Measured:
        """One process, every transfer on one player's account."""
        return self._run([_job([-1], seconds)])

    def alone(self, seconds: float) -> Measured:
        """One process, its transfers spread over its players: what `hot` is compared with."""
        return self._run([_job(share_of(0, len(self._processes), 0, PLAYERS), seconds)])

    def one_by_one(self, seconds: float) -> Measured:
        """One process and one caller, who waits for every answer."""
        return self._run([_job(share_of(0, len(self._processes), 0, PLAYERS)[:16], seconds, in_flight=1)])

    def _run(self, jobs: Sequence[Job]) -> Measured:
        used = self._processes[: len(jobs)]
        for process, job in zip(used, jobs, strict=True):
            _tell(process, json.dumps(job))
        for process in used:
            _line(process)
        before = self._server_cpu()
        for process in used:
            _tell(process, "go")
        done: list[Done] = [json.loads(_line(process)) for process in used]
        transfers = sum(one["transfers"] for one in done)
        return Measured(
            tps=sum(one["transfers"] / one["seconds"] for one in done),
            batch=transfers / sum(one["commits"] for one in done),
            engine_us=sum(one["cpu"] for one in done) / transfers * 1e6,
            server_us=(self._server_cpu() - before) / transfers * 1e6,
        )

    def _server_cpu(self) -> float:
        with psycopg.connect(self._database.service_url) as connection:
            statement = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'bench-%'"
            return sum(cpu_seconds(pid) for (pid,) in connection.execute(statement))


def _job(players: list[int], seconds: float, transfers: int = 0, in_flight: int = _IN_FLIGHT) -> Job:
    return Job(players=players, in_flight=in_flight, seconds=seconds, transfers=transfers)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """Under which law the players play, and what."""

    pack: str = "gb"
    category: str = "live"
    """A live game: every rule is asked, none has to wait for time."""
    hurry: int = 1
    """How many times faster the engine's clock runs, so that slots need not wait either."""
    limited: bool = False
    """Every player has three limits that never bite."""


@contextmanager
def workers(database: Database, shares: int = 2, law: Law = Law()) -> Iterator[Workers]:
    """Engine processes on a new ledger."""
    upgrade(database.owner_url)
    asyncio.run(_register(database.service_url, law))
    argv = [sys.executable, "-m", "tests.bench.worker", database.service_url]
    rest = [str(law.hurry), "limited" if law.limited else "free"]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [*argv, f"bench-{share}", *rest], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            for share in range(shares)
        ]
        try:
            yield Workers(database, processes)
        finally:
            _hang_up(processes)


async def _register(service_url: str, law: Law) -> None:
    """A licensee under that law, with one game."""
    store = RegistryStore(lambda: connect(service_url, name="bench"))
    await store.put_licensee(
        name=LICENSEE, default_pack=law.pack, stake_order=1, shortfall=1, suspended=False, thresholds=[]
    )
    await store.put_provider(LICENSEE, PROVIDER, ProviderFlags())
    await store.put_games(LICENSEE, PROVIDER, [(GAME, law.category, True)])


def _line(process: "subprocess.Popen[str]") -> str:
    if process.stdout is None or not (line := process.stdout.readline()):
        raise RuntimeError("a worker of the engine benchmark ended early")
    return line


def _tell(process: "subprocess.Popen[str]", line: str) -> None:
    if process.stdin is not None:
        process.stdin.write(line + "\n")
        process.stdin.flush()


def _hang_up(processes: Iterable["subprocess.Popen[str]"]) -> None:
    for process in processes:
        if process.stdin is not None:
            process.stdin.close()


def stored(database: Database) -> int:
    """How many entries a ledger has."""
    with psycopg.connect(database.reader_url) as connection:
        row = connection.execute("SELECT sum(next_sequence - 1) FROM shard").fetchone()
    return int(row[0]) if row else 0


def bytes_per_transfer(database: Database) -> float:
    """Everything the ledger's tables and indexes take, over the transfers in them."""
    with psycopg.connect(database.owner_url) as connection:
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(oid)) / (SELECT count(*) FROM transfer) FROM pg_class"
            " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        ).fetchone()
    return float(row[0]) if row else 0.0
