"""Counters cheap enough for the money path: plain integers, read by the exporter when it wants to.

Names are those of OpenTelemetry (`rpc.server.duration`), labels are few and bounded: never a player or a round.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Kind = TypeVar("Kind")

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Bounds for times: from half a millisecond to ten seconds."""
COUNTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
"""Bounds for sizes of batches and queues."""


class Counter:
    """A number that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def add(self, amount: int = 1) -> None:
        """Grow."""
        self.value += amount


class Histogram:
    """How often values fell between bounds."""

    __slots__ = ("bounds", "buckets", "highest", "lowest", "sum")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self.lowest = float("inf")
        self.highest = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.buckets[bisect_left(self.bounds, value)] += 1
        self.sum += value
        # Not max() and min(): two calls for each call that is served.
        if value > self.highest:  # noqa: PLR1730
            self.highest = value
        if value < self.lowest:  # noqa: PLR1730
            self.lowest = value

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self.buckets)


Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A number that is asked for when it is needed."""

    read: Callable[[], float]


Instrument = Counter | Histogram | Gauge


class Registry:
    """Every instrument of a process."""

    def __init__(self) -> None:
        self._instruments: dict[tuple[str, Labels], Instrument] = {}

    def counter(self, name: str, labels: Mapping[str, str] | None = None) -> Counter:
        """The counter with this name and these labels; made at first use."""
        found = self._instruments.setdefault(_key(name, labels), Counter())
        return _expect(found, Counter, name)

    def histogram(
        self, name: str, labels: Mapping[str, str] | None = None, *, bounds: tuple[float, ...] = SECONDS
    ) -> Histogram:
        """The histogram with this name and these labels; made at first use."""
        found = self._instruments.setdefault(_key(name, labels), Histogram(bounds))
        return _expect(found, Histogram, name)

    def gauge(self, name: str, read: Callable[[], float], labels: Mapping[str, str] | None = None) -> None:
        """Export what `read` returns, each time the exporter asks. The last one set under a name counts."""
        self._instruments[_key(name, labels)] = Gauge(read=read)

    def instruments(self) -> Iterable[tuple[str, Labels, Instrument]]:
        """Everything there is to export, by name."""
        for (name, labels), instrument in sorted(self._instruments.items(), key=lambda item: item[0]):
            yield name, labels, instrument


def _key(name: str, labels: Mapping[str, str] | None) -> tuple[str, Labels]:
    return name, tuple(sorted((labels or {}).items()))


def _expect(found: Instrument, kind: type[Kind], name: str) -> Kind:
    if not isinstance(found, kind):
        raise TypeError(f"{name} is a {type(found).__name__}")
    return found


registry = Registry()
"""The process's own registry."""


def counter(name: str, **labels: str) -> Counter:
    """The process's counter with this name and these labels."""
    return registry.counter(name, labels)


def histogram(name: str, *, bounds: tuple[float, ...] = SECONDS, **labels: str) -> Histogram:
    """The process's histogram with this name and these labels."""
    return registry.histogram(name, labels, bounds=bounds)


def gauge(name: str, read: Callable[[], float], **labels: str) -> None:
    """Export what `read` returns under this name and these labels."""
    registry.gauge(name, read, labels)
