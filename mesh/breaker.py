"""pybreaker for asyncio, through its public interface only.

What pybreaker alone does not do: it counts consecutive failures only, lets every waiting call
through while half-open, counts a cancelled call as a failure, and its decorator ignores coroutines.
"""

import asyncio
import collections
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence

import pybreaker

CLOSED = pybreaker.STATE_CLOSED
OPEN = pybreaker.STATE_OPEN
HALF_OPEN = pybreaker.STATE_HALF_OPEN


class RateWindow(pybreaker.CircuitMemoryStorage):
    """Counts failures among recent calls, so that one success in five does not hide four failures."""

    def __init__(self, *, seconds: float, calls: int, ratio: float, clock: Callable[[], float]) -> None:
        super().__init__(CLOSED)
        self._seen: collections.deque[tuple[float, bool]] = collections.deque()
        self._seconds, self._calls, self._ratio, self._clock = seconds, calls, ratio, clock
        self.skip_next = False
        """The call that ends now proves nothing: it was cancelled by its caller."""

    def increment_counter(self) -> None:
        """Count a failure."""
        self._add(failed=True)

    def reset_counter(self) -> None:
        """Count a success: pybreaker resets after each."""
        if self.skip_next:
            self.skip_next = False
        else:
            self._add(failed=False)

    @property
    def counter(self) -> int:
        """1 when the failures among enough recent calls reach the ratio. Compared with fail_max, which is 1."""
        self._forget()
        failed = sum(was_failure for _, was_failure in self._seen)
        return int(len(self._seen) >= self._calls and failed >= self._ratio * len(self._seen))

    @property
    def state(self) -> str:
        """The state by name."""
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        self._seen.clear()
        self._state = state

    def _add(self, *, failed: bool) -> None:
        self._seen.append((self._clock(), failed))
        self._forget()

    def _forget(self) -> None:
        oldest = self._clock() - self._seconds
        while self._seen and self._seen[0][0] < oldest:
            self._seen.popleft()


class AsyncBreaker:
    """Stops calls to another party that fails, and lets one probe at a time find out whether it is back."""

    def __init__(  # noqa: PLR0913 - each is a fact of one breaker
        self,
        name: str,
        *,
        is_failure: Callable[[BaseException], bool],
        open_for_s: float = 0.2,
        successes_to_close: int = 2,
        window_s: float = 30.0,
        window_calls: int = 10,
        ratio: float = 0.5,
        listeners: Sequence[pybreaker.CircuitBreakerListener] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probing = False
        self._is_failure = is_failure
        self._window = RateWindow(seconds=window_s, calls=window_calls, ratio=ratio, clock=clock)
        self._inner = pybreaker.CircuitBreaker(
            name=name,
            fail_max=1,
            reset_timeout=open_for_s,
            success_threshold=successes_to_close,
            listeners=list(listeners),
            state_storage=self._window,
            exclude=[self._is_neutral],
            throw_new_error_on_trip=False,
        )

    @property
    def state(self) -> str:
        """CLOSED, OPEN or HALF_OPEN."""
        return self._inner.current_state

    def trip(self) -> None:
        """Open at once, on evidence from outside the window."""
        if self.state != OPEN:
            self._inner.open()

    @contextlib.asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Admit a call, or raise `pybreaker.CircuitBreakerError`. While not closed, exactly one call is inside."""
        probe = self.state != CLOSED
        if probe and self._probing:
            message = f"{self._inner.name}: a probe is under way"
            raise pybreaker.CircuitBreakerError(message)
        self._probing = self._probing or probe
        try:
            with self._inner.calling():
                yield
        finally:
            if probe:
                self._probing = False

    def _is_neutral(self, error: BaseException) -> bool:
        if isinstance(error, asyncio.CancelledError | GeneratorExit):
            # A cancelled probe proves nothing either, but somebody must probe again: it re-opens.
            self._window.skip_next = self.state == CLOSED
            return self._window.skip_next
        return not self._is_failure(error)
