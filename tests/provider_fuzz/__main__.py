"""`make provider-fuzz N=100000 SEED=s`: random sequences of a studio's messages; writes build/provider_fuzz.json.

python -m tests.provider_fuzz --sequences 10000 --seed 7 --providers hub88_style,pragmatic_style

The report is also written while it runs, and when it is told to stop. 0: all was played and nothing disagreed;
1: something disagreed; 2: not all could be played.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvloop

from mesh.dev.paths import BUILD
from mesh.dev.stack import Options, Stack
from tests.conformance.office import CountingOffice
from tests.conformance.provider import provider
from tests.integration.provider_adapters.patience import patient
from tests.provider_fuzz import report
from tests.provider_fuzz.playing import Room
from tests.provider_fuzz.run import Result, fuzz

RESULT = BUILD / "provider_fuzz.json"
_WRITTEN_EVERY_S = 10.0


class Run:
    """All providers, one after the other, each with its share of the sequences."""

    def __init__(self, said: argparse.Namespace) -> None:
        self._said, self._names = said, said.providers.split(",")
        self._began, self._written = time.monotonic(), 0.0
        self._stop = threading.Event()
        self._asked = None if said.part else said.sequences
        self.results: list[Result] = []

    def __call__(self) -> int:
        """Start a mesh and play. The report is written whatever happens."""
        environment = patient(self._names)
        options = Options(
            kind="fuzz", providers=frozenset(self._names), ready_s=120, environment=environment, log_level="warning"
        )
        trouble = ""
        try:
            with Stack(options) as stack, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._play(stack))
        except BaseException:
            trouble = traceback.format_exc()
            raise
        finally:
            self._write(self.results, trouble=trouble)
        made = self._summary(self.results)
        print(
            f"{made['sequences']} sequences, {made['messages']} messages, {len(made['mismatches'])} mismatches, "
            f"{len(made['crashes'])} crashes{'' if made['complete'] else ', not complete'}: {RESULT}"
        )
        return report.exit_code(made)

    async def _play(self, stack: Stack) -> None:
        office = CountingOffice(stack)
        await office.open()
        try:
            with _stopping(self._stop):
                for number, name in enumerate(self._names):
                    if self._stop.is_set():
                        return
                    await self._play_one(stack, office, name, number)
        finally:
            await office.close()

    async def _play_one(self, stack: Stack, office: CountingOffice, name: str, number: int) -> None:
        await office.put_games(name)
        whole, count = self._said.sequences, len(self._names)
        progress = report.Progress(began=time.monotonic())
        async with Room(stack, office, provider(stack, name)) as room:
            result = await fuzz(
                room,
                sequences=whole // count + (number < whole % count),
                seed_=self._said.seed,
                only=self._said.part,
                told=self._telling(progress),
                stop=self._stop,
            )
        progress.tell(result, last=True)
        self.results.append(result)

    def _telling(self, progress: report.Progress) -> Callable[[Result], None]:
        def told(result: Result) -> None:
            progress.tell(result)
            if time.monotonic() - self._written >= _WRITTEN_EVERY_S:
                self._write([*self.results, result])

        return told

    def _write(self, results: Sequence[Result], *, trouble: str = "") -> None:
        self._written = time.monotonic()
        made = self._summary(results)
        if trouble:
            made |= {"ok": False, "complete": False, "trouble": trouble}
        report.write(RESULT, made)

    def _summary(self, results: Sequence[Result]) -> dict[str, Any]:
        made = report.summary(results, seconds=time.monotonic() - self._began, asked=self._asked)
        return made | {"seed": self._said.seed}


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """Told to stop, we end the stories that are on, and say what was done."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if everything was played and nothing disagreed."""
    # What was imported stays for ever, and stories leave few cycles: looking at all of it often is wasted time.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    return Run(_parser().parse_args(arguments))()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make provider-fuzz", description=__doc__)
    parser.add_argument("--sequences", type=int, default=2000, help="how many, over all providers")
    parser.add_argument("--seed", type=int, default=1, help="decides what is said")
    parser.add_argument("--providers", default="hub88_style", help="names, separated by commas")
    parser.add_argument(
        "--part", type=int, action="append", default=[], help="only this part of what sequences and seed decide"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
