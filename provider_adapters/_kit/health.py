"""Whether the provider can be used: watched by the catalog, asked by every bet, kept true by a probe."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pybreaker

from mesh import logs, metrics
from mesh.breaker import CLOSED, HALF_OPEN, OPEN, AsyncBreaker
from mesh.clock import Clock

_log = logs.get("provider_health")
_WATCHER_BACKLOG = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One state of the provider."""

    breaker_state: str
    since: dt.datetime

    @property
    def up(self) -> bool:
        """New sessions and bets are welcome."""
        return self.breaker_state == CLOSED


class HealthBoard(pybreaker.CircuitBreakerListener):
    """Listens to the breaker and tells everybody who watches, at once."""

    def __init__(self, provider: str, clock: Clock) -> None:
        self._provider = provider
        self._clock = clock
        self._watchers: set[asyncio.Queue[Health]] = set()
        self.present = Health(breaker_state=CLOSED, since=clock.now())
        self._changes = {
            state: metrics.counter("provider_breaker_changes", provider=provider, state=state)
            for state in (CLOSED, OPEN, HALF_OPEN)
        }
        metrics.gauge("provider_up", lambda: float(self.present.up), provider=provider)

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,  # noqa: ARG002 - the listener's signature
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        """Called by the breaker on each change."""
        if old_state is None or old_state.name == new_state.name:
            return
        self.present = Health(breaker_state=new_state.name, since=self._clock.now())
        self._changes[new_state.name].add()
        _log.info("provider health changed", provider=self._provider, breaker=new_state.name, was=old_state.name)
        for watcher in list(self._watchers):
            _push(watcher, self.present)

    async def watch(self) -> AsyncIterator[Health]:
        """The present state, then each change."""
        changes: asyncio.Queue[Health] = asyncio.Queue(_WATCHER_BACKLOG)
        changes.put_nowait(self.present)
        self._watchers.add(changes)
        try:
            while True:
                yield await changes.get()
        finally:
            self._watchers.discard(changes)


def _push(watcher: asyncio.Queue[Health], health: Health) -> None:
    # A watcher that does not read loses old changes, never the newest one.
    if watcher.full():
        watcher.get_nowait()
    watcher.put_nowait(health)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """How often to ask, and when to believe."""

    healthy_every_s: float = 0.3
    suspect_every_s: float = 0.05
    """After a first failure: ask again soon, one failure proves nothing."""
    down_every_s: float = 0.25
    timeout_s: float = 0.25
    failures_to_trip: int = 3


class Prober:
    """Asks the provider all the time, so that nobody has to fail first to find out."""

    def __init__(self, breaker: AsyncBreaker, probe: Callable[[float], Awaitable[None]], plan: ProbePlan) -> None:
        self._breaker = breaker
        self._probe = probe
        self._plan = plan
        self._failures = 0

    async def run(self) -> None:
        """Probe until cancelled."""
        while True:
            pause = await self.step()
            await asyncio.sleep(pause)

    async def step(self) -> float:
        """Probe once and return how long to wait before the next one."""
        if self._breaker.state == CLOSED:
            return await self._while_closed()
        return await self._while_open()

    async def _while_closed(self) -> float:
        # Outside the guard: a flood of easy probes in its window would hide failing launches.
        if await self._succeeds():
            self._failures = 0
            return self._plan.healthy_every_s
        self._failures += 1
        if self._failures < self._plan.failures_to_trip:
            return self._plan.suspect_every_s
        self._failures = 0
        self._breaker.trip()
        return self._plan.down_every_s

    async def _while_open(self) -> float:
        try:
            async with self._breaker.guard():
                await self._probe(self._plan.timeout_s)
        except pybreaker.CircuitBreakerError:
            return self._plan.down_every_s
        except Exception:  # noqa: BLE001 - any failure of the probe means: still down
            return self._plan.down_every_s
        return self._plan.suspect_every_s

    async def _succeeds(self) -> bool:
        try:
            await self._probe(self._plan.timeout_s)
        except Exception:  # noqa: BLE001 - any failure of the probe means: not healthy
            return False
        return True
