"""Valkey as a cache: every failure is a miss, and costs little time.

After a few failures in a row the server is left alone for a moment; then one command may find out whether it is back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Self, TypeVar

from mesh import logs, metrics
from mesh.valkey import Address, Connection, Reply, ValkeyError, Word

T = TypeVar("T")

FAILURES_TO_OPEN = 3
OPEN_SECONDS = 1.0

_log = logs.get("mesh.cache")


class Breaker:
    """Closed: all pass. Open: none passes. After `OPEN_SECONDS`: one passes and decides."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        """True while the other side is taken for broken."""
        return self._failures >= FAILURES_TO_OPEN

    def may_pass(self) -> bool:
        """Ask before each attempt."""
        if not self.is_open:
            return True
        now = self._clock()
        if now < self._open_until:
            return False
        # This one is the probe; the next may come if it does not report in time.
        self._open_until = now + OPEN_SECONDS
        return True

    def succeeded(self) -> bool:
        """Report an attempt; True if it closed the breaker."""
        was_open, self._failures = self.is_open, 0
        return was_open

    def failed(self) -> bool:
        """Report an attempt; True if it opened the breaker."""
        self._failures += 1
        self._open_until = self._clock() + OPEN_SECONDS
        return self._failures == FAILURES_TO_OPEN


class Cache:
    """Short-lived copies of what PostgreSQL knows. Never raises for a server that is slow, broken or gone."""

    def __init__(self, address: Address, *, prefix: str = "", timeout_ms: int = 50) -> None:
        self._address, self._prefix, self._timeout_s = address, prefix, timeout_ms / 1000
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._breaker = Breaker()
        self._hits, self._misses = metrics.counter("cache.hits"), metrics.counter("cache.misses")
        self._failures, self._skipped = metrics.counter("cache.failures"), metrics.counter("cache.skipped")

    @classmethod
    def open(cls, url: str, *, prefix: str = "", timeout_ms: int = 50) -> Self:
        """A cache at a redis:// address, whose keys all begin with `prefix`. Connects at first use."""
        return cls(Address.parse(url), prefix=prefix, timeout_ms=timeout_ms)

    async def get(self, key: str) -> bytes | None:
        """The value, or None if there is none or the cache does not answer."""
        return self._count(await self._ask(("GET", self._prefix + key)))

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values in the order of their keys, None where there is none."""
        found = await self._ask(("MGET", *[self._prefix + key for key in keys])) if keys else None
        return [self._count(value) for value in found] if found else [None] * len(keys)

    async def set(self, key: str, value: bytes, *, ttl_ms: int) -> bool:
        """Keep a value for a while; False if it was perhaps not kept."""
        return await self._ask(("SET", self._prefix + key, value, "PX", ttl_ms)) is not None

    async def delete(self, *keys: str) -> bool:
        """Forget keys; False if that is not certain."""
        return not keys or await self._ask(("DEL", *[self._prefix + key for key in keys])) is not None

    async def increment(self, key: str, *, ttl_ms: int) -> int | None:
        """Count one more in a window that began with the first count; None if the cache does not answer."""
        name = self._prefix + key
        count: int | None = await self._ask(("INCR", name), ("PEXPIRE", name, ttl_ms, "NX"))
        return count

    async def close(self) -> None:
        """Close its connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _count(self, value: bytes | None) -> bytes | None:
        (self._misses if value is None else self._hits).add()
        return value

    async def _ask(self, *commands: tuple[Word, ...]) -> Reply:
        """The first command's reply, or None."""
        if not self._breaker.may_pass():
            self._skipped.add()
            return None
        try:
            async with asyncio.timeout(self._timeout_s):
                replies = await self._send(commands)
        except (ValkeyError, TimeoutError) as error:
            await self._failed(error)
            return None
        if self._breaker.succeeded():
            _log.info("cache answers again")
        return replies[0]

    async def _send(self, commands: Sequence[tuple[Word, ...]]) -> list[Reply]:
        connection = self._connection
        if connection is None or not connection.usable:
            connection = await self._connected()
        sent: list[Awaitable[Reply]] = [connection.send(*command) for command in commands]
        return await asyncio.gather(*sent) if len(sent) > 1 else [await sent[0]]

    async def _connected(self) -> Connection:
        async with self._connecting:
            if self._connection is None or not self._connection.usable:
                self._connection = await Connection.open(self._address)
            return self._connection

    async def _failed(self, error: Exception) -> None:
        self._failures.add()
        if self._breaker.failed():
            _log.warning("cache does not answer", cause=repr(error))
        if self._breaker.is_open:
            # What is still under way there is lost; a new connection cannot be confused by it.
            await self.close()
