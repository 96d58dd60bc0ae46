"""`make law-machine STEPS=n SEED=s`: the steps, then the controls; writes build/law_machine.json."""

from __future__ import annotations

import argparse
import json
import sys
import time

from mesh.dev.paths import BUILD
from tests.law_machine.run import Run, controls, run

_EVERY = 10_000


def main() -> int:
    """0: the product and the model agreed at every step, and every break was found."""
    parser = argparse.ArgumentParser(prog="make law-machine", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    done = run(options.steps, options.seed, _progress())
    found = controls(options.seed)
    ok = not done.violation and None not in found.values()
    result = {
        "ok": ok,
        "seed": options.seed,
        "steps": done.steps,
        "episodes": done.episodes,
        "seconds": round(time.monotonic() - began, 1),
        "heads_moved": done.moved,
        "counts": dict(sorted(done.counts.items())),
        "violation": done.violation,
        "controls_found_after_steps": found,
    }
    BUILD.mkdir(exist_ok=True)
    (BUILD / "law_machine.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    print(f"{'ok' if ok else 'VIOLATED'}: build/law_machine.json")
    return 0 if ok else 1


class _progress:  # noqa: N801 - called like a function
    """A line now and then."""

    def __init__(self) -> None:
        self._next = _EVERY

    def __call__(self, done: Run) -> None:
        if done.steps >= self._next:
            print(f"{done.steps:10,} steps, {done.counts['Bet accepted']:,} bets accepted", flush=True)
            self._next = done.steps - done.steps % _EVERY + _EVERY


if __name__ == "__main__":
    sys.exit(main())
