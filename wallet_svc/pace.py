"""How long flights take, and how long the next one waits for company."""

import os
from collections.abc import Callable
from pathlib import Path
from time import thread_time

_SCHEDULER = Path("/proc/thread-self/schedstat")

_WINDOW_S = 0.02
_BUSY, _AT_LEISURE = 0.55, 0.4


def busy_clock() -> Callable[[], float]:
    """Seconds that this thread has been busy: at work, or waiting for a processor to work on."""
    try:
        file = os.open(_SCHEDULER, os.O_RDONLY)
    except OSError:
        return thread_time

    def busy_s() -> float:
        ran, waited, _ = os.pread(file, 64, 0).split()
        return (int(ran) + int(waited)) / 1e9

    return busy_s


class Pace:
    """Measured by the flights themselves. Times are seconds of one monotonic clock."""

    def __init__(self, now: float, busy_s: Callable[[], float]) -> None:
        self.busy = False
        """Whether a flight should wait a moment for company.

        A commit costs nearly the same for one action as for many, so a busy process gains by larger
        ones, and a process with time to spare would only make its callers wait.
        """
        self._busy_s = busy_s
        self._flight_s = 0.0
        self._took_off: float | None = None
        self._window = now, busy_s()

    def take_off(self, now: float) -> None:
        """A flight begins."""
        self._took_off = now

    def land(self, now: float) -> None:
        """The flight is over: everybody in it has an answer."""
        if self._took_off is not None:
            change = now - self._took_off - self._flight_s
            # Learnt slowly and forgotten fast: after an outage nobody is refused because of it.
            self._flight_s += change / (8 if change > 0 else 2)
            self._took_off = None
        began, before_s = self._window
        if now - began >= _WINDOW_S:
            busy_s = self._busy_s()
            self._adapt((busy_s - before_s) / (now - began))
            self._window = now, busy_s

    def expected_s(self, flights: int, now: float) -> float:
        """How long an answer takes that needs so many more flights. A process that does nothing takes whatever comes."""
        if self._took_off is None:
            return 0.0
        # One that takes longer than most may go on for as long as it has lasted.
        return max(self._flight_s, now - self._took_off) + self._flight_s * flights

    def _adapt(self, share: float) -> None:
        self.busy = share > (_AT_LEISURE if self.busy else _BUSY)
