"""How long flights take, and how far apart they begin."""

import os
from collections.abc import Callable
from pathlib import Path
from time import thread_time
from typing import NamedTuple

_SCHEDULER = Path("/proc/thread-self/schedstat")

_WINDOW_S = 0.1
_BUSY, _AT_LEISURE = 0.55, 0.4
_CROWDED, _ROOM = 0.35, 0.25
_FLIGHTS_APART, _FARTHEST_S = 4, 0.028
_COMPANY = 24
_FORGOTTEN = 0.9
_KNOWN_S = 1.0


class Used(NamedTuple):
    """Seconds of a thread since it began."""

    ran_s: float
    waited_s: float
    """Ready to run, while others had the processors."""


def thread_clock() -> Callable[[], Used]:
    """What this thread has used. Where the kernel does not tell how long it waited, it never did."""
    try:
        file = os.open(_SCHEDULER, os.O_RDONLY)
    except OSError:
        return lambda: Used(thread_time(), 0.0)

    def used() -> Used:
        ran, waited, _ = os.pread(file, 64, 0).split()
        return Used(int(ran) / 1e9, int(waited) / 1e9)

    return used


class Pace:
    """Measured by the flights themselves. Times are seconds of one monotonic clock.

    A commit costs nearly the same for one action as for many. So flights keep a distance where processor time is
    short: in a process that is always at work, and in one that has to wait for a processor whenever it is ready. One
    with time to spare would only make its callers wait. The distance is a few times what a flight takes, for on a fast
    machine callers are back sooner.
    """

    def __init__(self, now: float, used: Callable[[], Used]) -> None:
        self.busy = self.crowded = False
        self._used = used
        self._flight_s = 0.0
        self._took_off: float | None = None
        self._company = 1.0
        """How many actions flights have had lately."""
        self._last = now - _FARTHEST_S
        self._window = now, used()

    def is_pressed(self, now: float) -> bool:
        """Whether processor time is short, for this process or around it. Without flights nobody knows."""
        return (self.busy or self.crowded) and now - self._last < _KNOWN_S

    def wait_s(self, waiting: int, now: float) -> float:
        """How long the next flight waits for more company than these actions."""
        if waiting >= min(_COMPANY, self._company) or not self.is_pressed(now):
            return 0.0
        return max(0.0, self._last + min(_FLIGHTS_APART * self._flight_s, _FARTHEST_S) - now)

    def take_off(self, now: float, actions: int = 1) -> None:
        """A flight begins with so many actions."""
        self._took_off = self._last = now
        # Who is alone, or in small company, comes back with as many: waiting for more would be in vain.
        self._company = max(float(actions), self._company * _FORGOTTEN)

    def land(self, now: float) -> None:
        """The flight is over: everybody in it has an answer."""
        if self._took_off is not None:
            change = now - self._took_off - self._flight_s
            # Learnt slowly and forgotten fast: after an outage nobody is refused because of it.
            self._flight_s += change / (8 if change > 0 else 2)
            self._took_off = None
        began, before = self._window
        if now - began >= _WINDOW_S:
            used = self._used()
            self._adapt(used.ran_s - before.ran_s, used.waited_s - before.waited_s, now - began)
            self._window = now, used

    def expected_s(self, flights: int, now: float) -> float:
        """How long an answer takes that needs so many more flights. A process that does nothing takes whatever comes."""
        if self._took_off is None:
            return 0.0
        # One that takes longer than most may go on for as long as it has lasted.
        return max(self._flight_s, now - self._took_off) + self._flight_s * flights

    def _adapt(self, ran_s: float, waited_s: float, window_s: float) -> None:
        wanted_s = ran_s + waited_s
        self.busy = wanted_s > window_s * (_AT_LEISURE if self.busy else _BUSY)
        self.crowded = waited_s > wanted_s * (_ROOM if self.crowded else _CROWDED)
