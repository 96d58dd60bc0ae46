"""Counters cheap enough for the money path: plain integers, read by the exporter when it wants to."""

from __future__ import annotations

from collections.abc import Callable


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

    def observe(self, value: float) -> None:
        """Count one value."""
        raise NotImplementedError


def counter(name: str, **labels: str) -> Counter:
    """The counter with this name and these labels; made at first use."""
    raise NotImplementedError


def histogram(name: str, **labels: str) -> Histogram:
    """The histogram (of seconds) with this name and these labels; made at first use."""
    raise NotImplementedError


def gauge(name: str, read: Callable[[], float], **labels: str) -> None:
    """Export what `read` returns, each time the exporter asks."""
    raise NotImplementedError
