"""`python -m tests.bench.growth --rows n`: the engine's rate with n transfers stored over its rate with a million."""

import argparse
import json
import sys
import time
from pathlib import Path

from mesh.dev import postgres
from mesh.dev.postgres import Database
from tests.bench import engine
from tests.bench.engine import Workers

RESULT = Path("build/bench-growth.json")
_STEP = 1_000_000


def measure(workers: Workers, database: Database, first: int, rows: int, seconds: float) -> dict[str, float]:
    """Fill the ledger step by step, each step by players of its own, and measure before and after with the same ones."""
    workers.spread(0, transfers=first)
    early = workers.spread(seconds)
    print(f"with {first:,}: {early.tps:,.0f} transfers/s", flush=True)
    stored = first + early.tps * seconds
    generation = 0
    while stored < rows:
        generation += 1
        step = min(_STEP, int(rows - stored) + 1_024)
        filled = workers.spread(0, generation=generation, transfers=step)
        stored += step
        print(f"{stored:14,.0f} stored, {filled.tps:,.0f} transfers/s", flush=True)
    late = workers.spread(seconds)
    return {
        "rows": round(stored),
        "early_tps": round(early.tps, 1),
        "late_tps": round(late.tps, 1),
        "growth_ratio": round(late.tps / early.tps, 3),
        "early_cpu_us": round(early.engine_us + early.server_us, 2),
        "late_cpu_us": round(late.engine_us + late.server_us, 2),
        "bytes_per_transfer": round(engine.bytes_per_transfer(database), 1),
    }


def main() -> int:
    """0 if it ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--first", type=int, default=1_000_000, help="how many are stored at the first measurement")
    parser.add_argument("--seconds", type=float, default=30)
    arguments = parser.parse_args()
    began = time.monotonic()
    with postgres.start() as server:
        database = server.create_database("bench_growth")
        with engine.workers(database) as workers:
            results = measure(workers, database, arguments.first, arguments.rows, arguments.seconds)
    for name, value in results.items():
        print(f"{name:32} {value:>12,}")
    report = {"seconds": round(time.monotonic() - began, 1), "results": results}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written to {RESULT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
