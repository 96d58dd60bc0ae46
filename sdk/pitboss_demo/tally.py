"""Counts and latencies of the licensees' own calls."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any, TypeVar

Value = TypeVar("Value")


class Tally:
    """Grows while the demo runs."""

    def __init__(self) -> None:
        self._times_ms: dict[str, list[float]] = defaultdict(list)

    async def time(self, name: str, call: Awaitable[Value]) -> Value:
        """Await a call and note how long it took."""
        began = time.perf_counter()
        try:
            return await call
        finally:
            self._times_ms[name].append((time.perf_counter() - began) * 1000)

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(map(len, self._times_ms.values()))

    def as_json(self) -> dict[str, Any]:
        """By name of the call."""
        return {name: summary(times) for name, times in sorted(self._times_ms.items())}


def summary(times_ms: list[float]) -> dict[str, float]:
    """Count and percentiles."""
    ordered = sorted(times_ms)
    marks = {
        f"p{percent}_ms": ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] for percent in (50, 95, 99)
    }
    return {"count": len(ordered), **{name: round(value, 2) for name, value in marks.items()}}
