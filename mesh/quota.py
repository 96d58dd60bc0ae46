"""Keeps a flood of one kind of log line from costing more than the calls that cause it."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable


class Quota:
    """Lets the first few lines of each kind through in each second, and counts the others."""

    def __init__(self, per_second: int = 20, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._clock = per_second, clock
        self._kinds: dict[Hashable, _Window] = {}

    def take(self, kind: Hashable) -> int | None:
        """How many lines were left out since the last one, or None if this one is to be left out too."""
        window = self._kinds.get(kind)
        if window is None:
            window = self._kinds[kind] = _Window()
        return window.take(int(self._clock()), self._per_second)


class _Window:
    __slots__ = ("left_out", "second", "taken")

    def __init__(self) -> None:
        self.second = self.taken = self.left_out = 0

    def take(self, second: int, most: int) -> int | None:
        if second != self.second:
            self.second, self.taken = second, 0
        if self.taken >= most:
            self.left_out += 1
            return None
        self.taken += 1
        left_out, self.left_out = self.left_out, 0
        return left_out
