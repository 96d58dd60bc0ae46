"""Valkey as a cache: every failure is a miss, and costs little time.

After a few failures in a row the server is left alone for a moment; then one command may find out whether it is back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

from mesh import logs, metrics

if TYPE_CHECKING:
    from redis.asyncio import Redis

Command = tuple[str | bytes | int, ...]
Reply = Any
"""bytes, int, None, or a list of them."""

FAILURES_TO_OPEN = 3
OPEN_SECONDS = 1.0
CONNECTIONS = 16
"""A command that finds all of them busy waits for one, within its own time."""

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

    def __init__(
        self, client: Redis, *, prefix: str = "", timeout_ms: int = 50, trouble: tuple[type[Exception], ...]
    ) -> None:
        self._client, self._prefix, self._timeout_s = client, prefix, timeout_ms / 1000
        self._trouble = trouble
        self._under_way: set[asyncio.Task[list[Reply]]] = set()
        self._breaker = Breaker()
        self._answered = 0.0
        self._hits, self._misses = metrics.counter("cache.hits"), metrics.counter("cache.misses")
        self._failures, self._skipped = metrics.counter("cache.failures"), metrics.counter("cache.skipped")

    @classmethod
    def open(cls, url: str, *, prefix: str = "", timeout_ms: int = 50) -> Self:
        """A cache at a redis:// or rediss:// address, whose keys all begin with `prefix`. Connects at first use."""
        # Half a second that a process without a cache does not spend.
        import redis.asyncio  # noqa: PLC0415 - as above
        from redis.asyncio.retry import Retry  # noqa: PLC0415 - as above
        from redis.backoff import NoBackoff  # noqa: PLC0415 - as above

        seconds = timeout_ms / 1000
        try:
            pool = redis.asyncio.BlockingConnectionPool.from_url(
                url,
                max_connections=CONNECTIONS,
                timeout=seconds,
                socket_timeout=seconds,
                socket_connect_timeout=seconds,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
                driver_info=None,
            )
        except ValueError:
            # Its own text may repeat a part of the address, and so of the password.
            raise ValueError("the address of the cache must look like redis://:password@host:port/0") from None
        client = redis.asyncio.Redis.from_pool(pool)
        return cls(client, prefix=prefix, timeout_ms=timeout_ms, trouble=(redis.RedisError, OSError))

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
        """Close its connections."""
        await self._client.aclose()

    def _count(self, value: bytes | None) -> bytes | None:
        (self._misses if value is None else self._hits).add()
        return value

    async def _ask(self, *commands: Command) -> Reply:
        """The first command's reply, or None."""
        if not self._breaker.may_pass():
            self._skipped.add()
            return None
        started = time.monotonic()
        try:
            replies = await self._in_time(commands)
        except self._trouble as error:
            self._failed(error, started)
            return None
        self._answered = time.monotonic()
        if self._breaker.succeeded():
            _log.info("cache answers again")
        return replies[0]

    async def _in_time(self, commands: Sequence[Command]) -> list[Reply]:
        # A late command is left to its own timeouts, not cancelled: cancelled while it hands its connection back, it
        # would take that connection from the pool for good.
        task = asyncio.create_task(self._send(commands))
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait((task,), timeout=self._timeout_s)
        if not done:
            raise TimeoutError
        return task.result()

    async def _send(self, commands: Sequence[Command]) -> list[Reply]:
        client: Any = self._client  # its general methods have no types
        if len(commands) == 1:
            return [await client.execute_command(*commands[0])]
        together = client.pipeline(transaction=False)
        for command in commands:
            together.execute_command(*command)
        return list(await together.execute())

    def _ended(self, task: asyncio.Task[list[Reply]]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # seen, so that the loop does not report it

    def _failed(self, error: Exception, started: float) -> None:
        self._failures.add()
        if self._answered > started:
            # Others were answered meanwhile: this one had to wait for its turn, here.
            return
        if self._breaker.failed():
            # Only the kind: the text may repeat what was sent.
            _log.warning("cache does not answer", cause=type(error).__name__)
