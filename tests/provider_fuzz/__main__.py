"""`make provider-fuzz N=100000 SEED=s`: random sequences of a studio's messages; writes build/provider_fuzz.json.

python -m tests.provider_fuzz --sequences 10000 --seed 7 --providers hub88_style,pragmatic_style
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import uvloop

from mesh.dev.paths import BUILD
from mesh.dev.stack import Options, Stack
from tests.conformance.office import CountingOffice
from tests.conformance.provider import provider
from tests.integration.provider_adapters.patience import patient
from tests.provider_fuzz.playing import Room
from tests.provider_fuzz.run import Result, fuzz

RESULT = BUILD / "provider_fuzz.json"


def main(arguments: Sequence[str]) -> int:
    """0 if nothing disagreed."""
    said = _parser().parse_args(arguments)
    names = said.providers.split(",")
    options = Options(
        kind="fuzz", providers=frozenset(names), ready_s=120, environment=patient(names), log_level="warning"
    )
    began = time.monotonic()
    with Stack(options) as stack, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        results = runner.run(play(stack, names, sequences=said.sequences, seed=said.seed))
    report = summary(results, seconds=time.monotonic() - began)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(report, indent=1) + "\n")
    print(
        f"{report['sequences']} sequences, {report['messages']} messages, {len(report['mismatches'])} mismatches: {RESULT}"
    )
    return 0 if report["ok"] else 1


async def play(stack: Stack, names: Sequence[str], *, sequences: int, seed: int) -> list[Result]:
    """One provider after the other, each with its share of the sequences."""
    office = CountingOffice(stack)
    await office.open()
    results = []
    try:
        for number, name in enumerate(names):
            await office.put_games(name)
            share = sequences // len(names) + (number < sequences % len(names))
            async with Room(stack, office, provider(stack, name)) as room:
                results.append(await fuzz(room, sequences=share, seed_=seed, told=_progress(name, share)))
    finally:
        await office.close()
    return results


def summary(results: Sequence[Result], *, seconds: float) -> dict[str, Any]:
    """The report."""
    found = [each.as_json() for each in results]
    return {
        "ok": all(each["ok"] for each in found),
        "provider": ",".join(each["provider"] for each in found),
        "seed": found[0]["seed"],
        "sequences": sum(each["sequences"] for each in found),
        "messages": sum(each["messages"] for each in found),
        "seconds": round(seconds, 1),
        "mismatches": [mismatch for each in found for mismatch in each["mismatches"]],
        "providers": found,
    }


def _progress(name: str, whole: int) -> Callable[[int], None]:
    """A line that is written over on a terminal; elsewhere a line for each tenth."""
    tenths = set(range(1, 10))

    def told(done: int) -> None:
        if sys.stdout.isatty():
            print(f"\r{name}: {done} of {whole}", end="" if done < whole else "\n", flush=True)
        elif passed := {tenth for tenth in tenths if done * 10 >= whole * tenth}:
            tenths.difference_update(passed)
            print(f"{name}: {done} of {whole}", flush=True)

    return told


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make provider-fuzz", description=__doc__)
    parser.add_argument("--sequences", type=int, default=2000, help="how many, over all providers")
    parser.add_argument("--seed", type=int, default=1, help="decides what is said")
    parser.add_argument("--providers", default="hub88_style", help="names, separated by commas")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
