"""`python -m tests.bench`: every figure beside its yardstick, and build/bench.json."""

import argparse
import itertools
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from mesh.dev.child import Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_port
from mesh.dev.stack import Options, Stack
from mesh.tls import Tls
from tests.bench import callbacks, echo, engine, kernel, law, opinion, pgbench, rpc, wallet

RESULT = Path("build/bench.json")
_IN_FLIGHT = 64
_TURNS = 5
"""The empty call and the bet take turns: what else happens on the machine then meets both."""


class Bench:
    """One run on one stack."""

    def __init__(self, stack: Stack, seconds: float, engine_seconds: float) -> None:
        self._stack, self._seconds, self._engine_seconds = stack, seconds, engine_seconds
        self._platform_tls = stack.around.tls / "platform"
        self._adapter_tls = stack.around.tls / "provider_adapters" / wallet.PROVIDER
        self._wallet = f"127.0.0.1:{stack.around.ports.wallets[0]}"
        self._wallet_process = stack.pid("wallet_svc-1")
        self.results: dict[str, float] = {}

    def run(self) -> dict[str, float]:
        """Every benchmark, yardsticks next to what they measure."""
        for step in (self._kernel, self._engine, self._law, self._watched, self._unary, self._batches):
            step()
        return self.results

    def note(self, **figures: float) -> None:
        """Print figures, and keep them for the report."""
        for name, value in figures.items():
            self.results[name] = round(value, 3 if value < 10 else 1)
            print(f"{name:44} {self.results[name]:>12,}", flush=True)

    def _kernel(self) -> None:
        self.note(**kernel.kernel_us())

    def _engine(self) -> None:
        server = self._stack.postgres
        yardstick = server.create_database("bench_tpcb")
        ledger = server.create_database("bench_ledger")
        seconds = int(self._seconds)
        tpcb = pgbench.tpcb_tps(yardstick.owner_url, seconds)
        with engine.workers(ledger) as workers:
            ours = workers.spread(self._engine_seconds)
            best = max(tpcb, pgbench.tpcb_tps(yardstick.owner_url, seconds))
            self.note(pgbench_tpcb_tps=best, engine_tps=ours.tps, engine_batch=ours.batch)
            self.note(engine_over_pgbench=ours.tps / best)
            self.note(engine_cpu_us=ours.engine_us, engine_server_cpu_us=ours.server_us)
            self.note(bytes_per_transfer=engine.bytes_per_transfer(ledger))
            hot, alone = workers.hot(self._seconds), workers.alone(self._seconds)
            self.note(engine_hot_tps=hot.tps, engine_alone_tps=alone.tps, engine_hot_over_spread=hot.tps / alone.tps)
            single = pgbench.tpcb_tps(yardstick.owner_url, seconds, clients=1)
            one = workers.one_by_one(self._seconds)
        self._tidy("bench_tpcb", "bench_ledger")
        self.note(pgbench_single_tps=single, engine_batch1_tps=one.tps, engine_batch1_over_pgbench=one.tps / single)

    def _law(self) -> None:
        self.note(**law.cost(self._stack.postgres, self._seconds / 4))

    def _watched(self) -> None:
        """The same engine on a new ledger, with the second opinion on the same cores."""
        ledger = self._stack.postgres.create_database("bench_watched")
        with engine.workers(ledger) as workers, opinion.following(self._stack, ledger) as watched:
            ours = workers.spread(self._seconds)
            self.note(engine_watched_tps=ours.tps, **watched.end(engine.stored(ledger)))
        self._tidy("bench_watched")

    def _tidy(self, *names: str) -> None:
        """Leave no work behind for the background: its vacuum and checkpoint would slow down the next benchmark."""
        for name in names:
            self._stack.postgres.drop_database(name)
        self._stack.postgres.checkpoint()

    def _unary(self) -> None:
        target = self._wallet
        credentials = Tls.load(self._platform_tls).channel_credentials()
        with grpc.secure_channel(target, credentials) as channel:
            wallet.prepare(channel)
        # To one replica, as the mesh routes: its own players.
        bets = wallet.bets("u", wallet.players_of(0, len(self._stack.around.ports.wallets)))
        with self._echo() as empty_call:
            turns = [(empty_call(), self._bets(bets)) for _ in range(_TURNS)]
        empty, load = (rpc.joined(loads) for loads in zip(*turns, strict=True))
        self.note(echo_rps=empty.rps, echo_p50_ms=empty.percentile_ms(50), echo_p99_ms=empty.percentile_ms(99))
        self.note(unary_rps=load.rps, unary_p50_ms=load.percentile_ms(50), unary_p99_ms=load.percentile_ms(99))
        self.note(echo_server_cpu_us=empty.server_cpu_us, unary_server_cpu_us=load.server_cpu_us)
        self.note(unary_over_echo=load.rps / empty.rps)

    @contextmanager
    def _echo(self) -> Iterator[Callable[[], rpc.Load]]:
        address = f"127.0.0.1:{free_port()}"
        child = spawn(
            Command(
                name="echo",
                argv=[sys.executable, "-m", "tests.bench.echo", address, str(self._stack.around.tls / "wallet_svc")],
                environment={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHON_PATH},
                log=self._stack.run / "echo.log",
                directory=ROOT,
            )
        )
        calls = itertools.repeat((echo.METHOD, b"x" * 120, ()))
        try:
            yield lambda: self._load(address, calls, bool, server=child.pid)
        finally:
            child.kill()

    def _bets(self, calls: Iterator[rpc.Call]) -> rpc.Load:
        return self._load(self._wallet, calls, wallet.is_ok, server=self._wallet_process)

    def _load(self, target: str, calls: Iterator[rpc.Call], check: Callable[[bytes], bool], *, server: int) -> rpc.Load:
        return rpc.run(
            target,
            self._adapter_tls,
            calls,
            server=server,
            in_flight=_IN_FLIGHT,
            seconds=2 * self._seconds / _TURNS,
            check=check,
        )

    def _batches(self) -> None:
        load = rpc.run(
            self._wallet,
            self._adapter_tls,
            wallet.batches("m"),
            server=self._wallet_process,
            in_flight=2,
            seconds=self._seconds,
            check=wallet.all_ok,
            at_once=wallet.BATCH // 2,
        )
        stream = rpc.stream(
            self._wallet,
            self._adapter_tls,
            wallet.streamed("s"),
            server=self._wallet_process,
            in_flight=4,
            seconds=self._seconds,
            check=wallet.all_of_stream_ok,
        )
        self.note(batch_one_replica_postings_per_s=load.rps * wallet.BATCH)
        self.note(batch_rpc_postings_per_s=self._routed_batches(), stream_postings_per_s=stream.rps * wallet.BATCH)
        self.note(batch_server_cpu_us=load.server_cpu_us / wallet.BATCH)

    def _routed_batches(self) -> float:
        """The same from one client that sends each player's actions to the replica that knows the player, as adapters do."""
        ports = self._stack.around.ports.wallets
        lanes = [
            rpc.Lane(
                target=f"127.0.0.1:{port}",
                calls=wallet.batches(f"l{share}-", wallet.players_of(share, len(ports))),
                server=self._stack.pid(f"wallet_svc-{share + 1}"),
            )
            for share, port in enumerate(ports)
        ]
        rate = rpc.run_lanes(
            lanes,
            self._adapter_tls,
            in_flight=2,
            seconds=self._seconds,
            check=wallet.all_ok,
            at_once=wallet.BATCH // 2,
        )
        return rate * wallet.BATCH


def main() -> int:
    """0 if every benchmark ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("SECONDS_EACH", "8")))
    parser.add_argument("--engine-seconds", type=float, default=60, help="how long the engine has to keep its rate")
    arguments = parser.parse_args()
    seconds = arguments.seconds
    began = time.monotonic()
    with Stack(Options(kind="bench", log_level="warning")) as stack:
        bench = Bench(stack, seconds, arguments.engine_seconds)
        bench.run()
    for found in callbacks.measure(seconds / 2):
        bench.note(**found)
    bench.note(**callbacks.over_all(bench.results))
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    report = {
        "seconds": round(time.monotonic() - began, 1),
        "seconds_each": seconds,
        "machine": machine,
        "results": bench.results,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written to {RESULT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
