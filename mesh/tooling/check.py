"""`make check`: everything that can be said about the repository without running it."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mesh.tooling.contracts import tool_environment

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One check and the command that performs it."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a check went."""

    step: Step
    passed: bool
    seconds: float
    output: str


# The slow ones first: they run beside the quick ones.
STEPS = (
    Step(name="types", command=("mypy",)),
    Step(name="generated files", command=(PYTHON, "-m", "mesh.tooling.generate", "--check")),
    Step(name="import rules", command=("lint-imports", "--no-cache")),
    Step(name="format", command=("ruff", "format", "--check", "--quiet", "--output-format", "concise", ".")),
    Step(name="lint", command=("ruff", "check", "--output-format", "concise", "--quiet", ".")),
    Step(name="contracts: lint", command=("buf", "lint")),
    Step(name="contracts: format", command=("buf", "format", "--diff", "--exit-code", "--path", "proto/pitboss")),
    Step(name="contracts: breaking", command=(PYTHON, "-m", "mesh.tooling.breaking")),
    Step(name="yaml", command=("yamllint", "--strict", ".")),
    Step(name="kubernetes", command=(PYTHON, "-m", "mesh.tooling.manifests")),
)


def perform(step: Step) -> Verdict:
    """Run one check from the root, with this environment's tools first on the path."""
    started = time.perf_counter()
    done = subprocess.run(
        step.command,
        cwd=ROOT,
        env=tool_environment(ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Verdict(
        step=step, passed=done.returncode == 0, seconds=time.perf_counter() - started, output=done.stdout.strip()
    )


def main() -> None:
    """Run all checks, two at a time, and show what failed."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        failed = 0
        for verdict in pool.map(perform, STEPS):
            print(
                f"{'ok    ' if verdict.passed else 'FAILED'} {verdict.step.name} ({verdict.seconds:.1f} s)", flush=True
            )
            if not verdict.passed:
                failed += 1
                print(f"{verdict.output}\n", flush=True)
    if failed:
        raise SystemExit(f"{failed} of {len(STEPS)} checks failed.")


if __name__ == "__main__":
    main()
