"""The ways in which a wallet fails, switched on from outside while it runs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

MODES = ("none", "before", "after", "slow", "garbage", "reset")
"""before: an error, nothing done. after: done, and the answer is lost. slow: late. garbage: not an answer. reset: cut."""


class LostError(Exception):
    """The caller gets an error instead of an answer."""


@dataclass(slots=True)
class Faults:
    """What goes wrong with the next requests. Safe for several threads."""

    mode: str = "none"
    left: int = 0
    """How many requests it still meets; below zero: all of them."""
    delay_s: float = 0.0
    method: str = ""
    """Only these requests; empty: all."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, mode: str, *, count: int = -1, delay_s: float = 0.0, method: str = "") -> None:
        """Switch. ValueError for an unknown mode."""
        if mode not in MODES:
            raise ValueError(f"no such fault: {mode}; there are {', '.join(MODES)}")
        with self._lock:
            self.mode, self.left, self.delay_s, self.method = mode, count, delay_s, method

    def take(self, method: str) -> str:
        """The fault of one request."""
        with self._lock:
            if self.mode == "none" or self.left == 0 or self.method not in {"", method}:
                return "none"
            self.left -= self.left > 0
            mode, delay_s = self.mode, self.delay_s
        if mode == "slow":
            time.sleep(delay_s)
        return mode
