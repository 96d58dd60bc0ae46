"""How much time is left to answer. Every wait of a call draws on the same budget."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """A point in monotonic time after which the answer comes too late."""

    ends_at: float
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def of(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> "Budget":
        """A budget that starts now."""
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.ends_at - self.clock())

    def capped(self, seconds: float) -> float:
        """Seconds left, but at most `seconds`."""
        return min(seconds, self.remaining())
