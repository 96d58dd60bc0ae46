"""`make race SEED=s`: one race, judged by the log; then every decision replayed; writes build/race.json."""

from __future__ import annotations

import argparse
import json
import sys

from mesh.dev.paths import BUILD
from tests.corpus_runner.service import Service
from tests.race.run import race


def main() -> int:
    """0: exactly as many accepted as there was room for, and every decision came out again to the byte."""
    parser = argparse.ArgumentParser(prog="make race", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--players", type=int, default=100)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--bets", type=int, default=110, help="bets for each player, from all processes together")
    options = parser.parse_args()
    with Service() as service:
        sizes = {"players": options.players, "processes": options.processes, "bets": options.bets}
        found = race(service, options.seed, **sizes)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "race.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))
    print(f"{'ok' if found['ok'] else 'VIOLATED'}: build/race.json")
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
