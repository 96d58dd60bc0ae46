"""Valkey as a cache: every failure is a miss, and costs little time."""

from __future__ import annotations

from typing import Self


class Cache:
    """Short-lived copies of what PostgreSQL knows. Never raises for a server that is slow, broken or gone."""

    @classmethod
    def open(cls, url: str, *, prefix: str = "", timeout_ms: int = 50) -> Self:
        """A cache at a redis:// address. Connects at first use."""
        raise NotImplementedError

    async def get(self, key: str) -> bytes | None:
        """The value, or None if there is none or the cache does not answer."""
        raise NotImplementedError

    async def set(self, key: str, value: bytes, *, ttl_ms: int) -> bool:
        """Keep a value for a while; False if it was not kept."""
        raise NotImplementedError

    async def delete(self, *keys: str) -> bool:
        """Forget keys; False if that is not certain."""
        raise NotImplementedError

    async def increment(self, key: str, *, ttl_ms: int) -> int | None:
        """Count one more in a window that began with the first count; None if the cache does not answer."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close its connections."""
        raise NotImplementedError
