"""Calls with a fixed number in flight, from one client process, for a fixed time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc.aio

from mesh.channels import secure_channel
from mesh.tls import Tls

Call = tuple[str, bytes, tuple[tuple[str, str], ...]]
"""Method, serialised request, metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a run gave. Milliseconds."""

    rps: float
    p50_ms: float
    p99_ms: float


def run(
    target: str, tls: Path, calls: Iterator[Call], *, in_flight: int, seconds: float, check: Callable[[bytes], bool]
) -> Load:
    """Send the calls as fast as `in_flight` allows. Every answer is checked."""
    return asyncio.run(_run(target, tls, calls, in_flight=in_flight, seconds=seconds, check=check))


async def _run(
    target: str, tls: Path, calls: Iterator[Call], *, in_flight: int, seconds: float, check: Callable[[bytes], bool]
) -> Load:
    async with secure_channel(target, Tls.load(tls)) as channel:
        await channel.channel_ready()
        latencies: list[float] = []
        began = time.perf_counter()

        async def worker() -> None:
            methods: dict[str, grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]] = {}
            while time.perf_counter() - began < seconds:
                method, request, metadata = next(calls)
                if method not in methods:
                    methods[method] = channel.unary_unary(method)
                sent = time.perf_counter()
                answer = await methods[method](request, metadata=metadata, timeout=30)
                latencies.append(time.perf_counter() - sent)
                if not check(answer):
                    raise RuntimeError(f"{method} was answered {answer!r}")

        await asyncio.gather(*[worker() for _ in range(in_flight)])
        elapsed = time.perf_counter() - began
    latencies.sort()
    return Load(
        rps=len(latencies) / elapsed,
        p50_ms=1000 * latencies[len(latencies) // 2],
        p99_ms=1000 * latencies[len(latencies) * 99 // 100],
    )
