"""What one replica's breaker found out, told to the provider's other replicas through Valkey.

Only an opening is shared. A replica that hears of one opens too and probes at once, so whether the provider is back
is always its own finding: a replica that alone cannot reach the provider costs the others one probe, not their play.
Without Valkey each replica finds out by its own calls and probes, a second later.
"""

import asyncio
import collections
import secrets
from typing import Protocol

import pybreaker

from mesh import logs
from mesh.breaker import CLOSED, OPEN, AsyncBreaker

EXCHANGE_EVERY_S = 0.25
NEWS_TTL_MS = 2_000
"""Repeated while the breaker is not closed, so that a replica that starts meanwhile hears it; then forgotten."""

_KEY = "opened"
_REMEMBERED = 64
_MOST_BYTES = 64

_log = logs.get("provider_health")


class Marks(Protocol):
    """The part of `mesh.cache.Cache` that is needed."""

    async def get(self, key: str) -> bytes | None:
        """The value, or None if there is none or the cache does not answer."""
        ...

    async def set(self, key: str, value: bytes, *, ttl_ms: int) -> bool:
        """Keep a value for a while; False if it was perhaps not kept."""
        ...


class BreakerNews(pybreaker.CircuitBreakerListener):
    """Listens to the breaker of this replica, and exchanges openings with the others."""

    def __init__(self, provider: str, replica: str = "") -> None:
        self._provider = provider
        self._replica = replica or secrets.token_hex(8)
        self._openings = 0
        self._following = False
        self._present: bytes | None = None
        # Each opening is followed once: two replicas that both repeat theirs must not keep a third one open.
        self._known: collections.deque[bytes] = collections.deque(maxlen=_REMEMBERED)

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,  # noqa: ARG002 - the listener's signature
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        """Called by the breaker on each change."""
        if new_state.name == CLOSED:
            self._present = None
        elif new_state.name == OPEN and old_state is not None and old_state.name == CLOSED and not self._following:
            # What was only followed is not told again, or two replicas would open each other for ever.
            self._openings += 1
            self._present = f"{self._replica}:{self._openings}".encode()
            self._known.append(self._present)

    async def run(self, marks: Marks, breaker: AsyncBreaker) -> None:
        """Exchange until cancelled."""
        while True:
            await self.exchange(marks, breaker)
            await asyncio.sleep(EXCHANGE_EVERY_S)

    async def exchange(self, marks: Marks, breaker: AsyncBreaker) -> None:
        """Hear what others found, then tell what was found here."""
        self._follow(await marks.get(_KEY), breaker)
        if self._present is not None:
            await marks.set(_KEY, self._present, ttl_ms=NEWS_TTL_MS)

    def _follow(self, mark: bytes | None, breaker: AsyncBreaker) -> None:
        if mark is None or len(mark) > _MOST_BYTES or mark in self._known:
            return
        self._known.append(mark)
        if breaker.state != CLOSED:
            return
        _log.info("another replica found the provider down", provider=self._provider)
        self._following = True
        try:
            breaker.trip()
        finally:
            self._following = False
