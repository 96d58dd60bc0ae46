"""Signed callbacks of several studios at once, each at its own steady rate."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.callbacks import Style

CONNECTIONS = 16


@dataclass(slots=True)
class Answers:
    """What the callbacks of one provider got, over any number of turns."""

    latencies_ms: list[float] = field(default_factory=list)
    """Of each answer."""
    sent: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    """Without an answer, or with one that is no acceptance: by HTTP status, 0 without one."""

    @property
    def errors(self) -> int:
        """All of them."""
        return self.refused.total()

    def __add__(self, other: Answers) -> Answers:
        latencies = self.latencies_ms + other.latencies_ms
        return Answers(latencies, self.sent + other.sent, self.refused + other.refused)

    def percentile_ms(self, percent: float) -> float:
        """The time within which this share of the answers came, counted from when each callback was due."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]

    @property
    def error_rate(self) -> float:
        """Share of the callbacks that were not answered as accepted."""
        return self.errors / self.sent


async def together(styles: Sequence[Style], rates: Sequence[float], turn: str, seconds: float) -> list[Answers]:
    """One turn. What is sent is signed before the clock starts, and looked at after it stops."""
    runs = [style.run_at(f"{turn}-", rate, seconds) for style, rate in zip(styles, rates, strict=True)]
    await asyncio.gather(*[run.keep(rate, CONNECTIONS) for run, rate in zip(runs, rates, strict=True)])
    return [Answers([1000 * each for each in run.latencies_s], run.sent, run.wrong_by_status()) for run in runs]
