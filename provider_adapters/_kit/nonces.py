"""Which nonces came before. A message that is sent again by somebody who listened has a nonce that was used.

Shared by the replicas of an adapter through Valkey. Without Valkey each replica knows its own: a repeated
message may then pass once more, and moves no money twice, because the ledger keeps its key for ever.
"""

import collections
import time
from collections.abc import Callable
from typing import Protocol

WINDOW_MS = 120_000
"""How long a nonce is remembered: longer than any timestamp is believed, on both sides."""


class SharedCounts(Protocol):
    """The part of `mesh.cache.Cache` that is needed."""

    async def increment(self, key: str, *, ttl_ms: int) -> int | None:
        """Count one more in a window; None if the cache does not answer."""
        ...


class NonceWindow:
    """`ports.Nonces`."""

    def __init__(
        self, shared: SharedCounts | None, *, size: int = 200_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shared = shared
        self._size = size
        self._clock = clock
        self._seen: collections.OrderedDict[str, float] = collections.OrderedDict()

    async def is_new(self, nonce: str) -> bool:
        """See `ports.Nonces`."""
        if not self._is_new_here(nonce):
            return False
        count = await self._shared.increment(nonce, ttl_ms=WINDOW_MS) if self._shared else None
        return count is None or count == 1

    def _is_new_here(self, nonce: str) -> bool:
        now = self._clock()
        while self._seen and (len(self._seen) >= self._size or next(iter(self._seen.values())) < now):
            self._seen.popitem(last=False)
        if nonce in self._seen:
            return False
        self._seen[nonce] = now + WINDOW_MS / 1000
        return True
