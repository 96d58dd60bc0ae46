"""`python -m tests.bench.growth --rows n`: the engine's rate with n transfers stored over its rate with a million.

Filling takes long, and a machine changes its pace meanwhile. So both ledgers are filled first, and then take turns.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mesh.dev import postgres
from mesh.dev.postgres import Database
from tests.bench import engine
from tests.bench.engine import Measured, Workers

RESULT = Path("build/bench-growth.json")
_STEP = 1_000_000
_TURNS = 6


def fill(workers: Workers, rows: int) -> None:
    """Store transfers step by step, each step by players of its own."""
    stored = 0
    while stored < rows:
        step = min(_STEP, rows - stored)
        filled = workers.spread(0, generation=stored // _STEP, transfers=step)
        stored += step
        print(f"{stored:14,} stored, {filled.tps:,.0f} transfers/s", flush=True)


def turns(few: Workers, many: Workers, seconds: float) -> tuple[list[Measured], list[Measured]]:
    """The same players on both ledgers, one after the other."""
    found: tuple[list[Measured], list[Measured]] = [], []
    for turn in range(_TURNS):
        for workers, into in zip((few, many), found, strict=True):
            into.append(workers.spread(seconds))
        print(f"turn {turn + 1}: {found[0][-1].tps:,.0f} and {found[1][-1].tps:,.0f} transfers/s", flush=True)
    return found


def figures(few: Sequence[Measured], many: Sequence[Measured], ledger: Database) -> dict[str, float]:
    """Means over the turns."""
    early, late = (sum(one.tps for one in each) / _TURNS for each in (few, many))
    early_us, late_us = (sum(one.engine_us + one.server_us for one in each) / _TURNS for each in (few, many))
    return {
        "early_tps": round(early, 1),
        "late_tps": round(late, 1),
        "growth_ratio": round(late / early, 3),
        "early_cpu_us": round(early_us, 2),
        "late_cpu_us": round(late_us, 2),
        "bytes_per_transfer": round(engine.bytes_per_transfer(ledger), 1),
    }


def main() -> int:
    """0 if it ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--first", type=int, default=1_000_000, help="how many the small ledger has")
    parser.add_argument("--seconds", type=float, default=10, help="how long a turn takes")
    arguments = parser.parse_args()
    began = time.monotonic()
    with postgres.start() as server:
        small, large = server.create_database("bench_small"), server.create_database("bench_large")
        with engine.workers(small) as few, engine.workers(large) as many:
            fill(few, arguments.first)
            fill(many, arguments.rows)
            found = turns(few, many, arguments.seconds)
        results = {"rows": arguments.rows, **figures(*found, large)}
    for name, value in results.items():
        print(f"{name:32} {value:>12,}")
    report = {"seconds": round(time.monotonic() - began, 1), "results": results}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written to {RESULT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
