"""How long the calls of a studio took, and what they answered."""

import math
from collections import Counter, defaultdict
from typing import Any

_STEP = math.log(1.05)
_LEAST_MS = 0.01
_SHOWN = (50, 90, 95, 99)


class Latencies:
    """Counts in buckets that are 5 % wide: small, and exact enough to read."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self._count = 0
        self._longest_ms = 0.0

    def add(self, milliseconds: float) -> None:
        """Count one call."""
        self._buckets[math.ceil(math.log(max(milliseconds, _LEAST_MS)) / _STEP)] += 1
        self._count += 1
        self._longest_ms = max(self._longest_ms, milliseconds)

    def percentile(self, percent: float) -> float:
        """The time within which this share of the calls ended, in milliseconds."""
        wanted = self._count * percent / 100
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(math.exp(bucket * _STEP), self._longest_ms)
        return 0.0

    def as_json(self) -> dict[str, Any]:
        """For the control API."""
        shown = {f"p{percent}_ms": round(self.percentile(percent), 2) for percent in _SHOWN}
        return {"count": self._count, **shown, "max_ms": round(self._longest_ms, 2)}


class Stats:
    """By kind of message."""

    def __init__(self) -> None:
        self._latencies: dict[str, Latencies] = defaultdict(Latencies)
        self._codes: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, kind: str, code: str, seconds: float) -> None:
        """Count one call."""
        self._latencies[kind].add(seconds * 1000)
        self._codes[kind][code] += 1

    def as_json(self) -> dict[str, Any]:
        """For the control API."""
        return {
            kind: {**latencies.as_json(), "codes": dict(self._codes[kind])}
            for kind, latencies in sorted(self._latencies.items())
        }
