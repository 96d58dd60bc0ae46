"""`make torture SECONDS=n SEED=s`: load, faults, kills, then the checkers; writes build/torture.json."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from mesh.dev.paths import BUILD, RUNS
from tests.torture.run import Plan, run


def main() -> int:
    """0 if nothing was violated."""
    options = _parser().parse_args()
    RUNS.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="torture-", dir=RUNS))
    verdict = run(Plan(options.seconds, options.seed, folder))
    result = {**verdict, "controls": _controls()}
    (BUILD / "torture.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({name: value for name, value in result.items() if name != "details"}, indent=2))
    print(f"{'ok' if verdict['ok'] else 'VIOLATED'}: build/torture.json; logs in {folder}")
    return 0 if verdict["ok"] else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make torture", description="Torture the ledger and check it.")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the clients play")
    parser.add_argument("--seed", type=int, default=1, help="decides what is sent and which faults come when")
    return parser


def _controls() -> dict[str, str]:
    """What `make torture-controls` found last, if it ran."""
    path = BUILD / "torture-controls.json"
    found: dict[str, str] = json.loads(path.read_text())["controls"] if path.exists() else {}
    return found


if __name__ == "__main__":
    sys.exit(main())
