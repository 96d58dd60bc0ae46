from __future__ import annotations

from provider_adapters._kit.nonces import WINDOW_MS, NonceWindow


class Counts:
    """Valkey's counters, or their absence."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.down = False

    async def increment(self, key: str, *, ttl_ms: int) -> int | None:
        if self.down:
            return None
        self.counts[key] = self.counts.get(key, 0) + 1
        return self.counts[key]


async def test_a_nonce_is_new_once() -> None:
    window = NonceWindow(None)
    assert [await window.is_new("a"), await window.is_new("b"), await window.is_new("a")] == [True, True, False]


async def test_replicas_share_what_they_have_seen() -> None:
    shared = Counts()
    one, other = NonceWindow(shared), NonceWindow(shared)
    assert await one.is_new("a")
    assert not await other.is_new("a")


async def test_without_the_cache_each_replica_still_knows_its_own() -> None:
    shared = Counts()
    shared.down = True
    window = NonceWindow(shared)
    assert await window.is_new("a")
    assert not await window.is_new("a")


async def test_what_is_older_than_the_window_is_forgotten_and_memory_is_bounded() -> None:
    now = [0.0]
    window = NonceWindow(None, size=3, clock=lambda: now[0])
    assert await window.is_new("a")
    now[0] = WINDOW_MS / 1000 + 1
    assert await window.is_new("a")
    for name in "bcde":
        await window.is_new(name)
    assert len(window._seen) <= 3
