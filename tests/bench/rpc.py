"""Calls with a fixed number in flight, from one client process, for a fixed time.

Requests are made before the clock starts and answers are looked at after it stops: what the generator of the load does
with its messages would otherwise be measured as well, and these benchmarks share two cores with it.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc.aio

from mesh.channels import secure_channel
from mesh.tls import Tls

Call = tuple[str, bytes, tuple[tuple[str, str], ...]]
"""Method, serialised request, metadata."""

_MOST_CALLS_PER_S = 8_000
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a run gave: how long each call took, in seconds, and what the server spent on all of them."""

    latencies: Sequence[float]
    elapsed_s: float
    server_cpu_s: float

    @property
    def rps(self) -> float:
        """Calls per second."""
        return len(self.latencies) / self.elapsed_s

    @property
    def server_cpu_us(self) -> float:
        """Microseconds of processor time of the server for each call."""
        return 1e6 * self.server_cpu_s / len(self.latencies)

    def percentile_ms(self, percent: int) -> float:
        """So many percent of the calls took no longer."""
        return 1000 * sorted(self.latencies)[len(self.latencies) * percent // 100]


def joined(loads: Sequence[Load]) -> Load:
    """Several turns as one run."""
    return Load(
        latencies=[latency for load in loads for latency in load.latencies],
        elapsed_s=sum(load.elapsed_s for load in loads),
        server_cpu_s=sum(load.server_cpu_s for load in loads),
    )


class Clock:
    """Latencies and answers of one run, and what the server spent on it."""

    def __init__(self, server: int, seconds: float) -> None:
        self.latencies: list[float] = []
        self.answers: list[bytes] = []
        self._server, self._cpu = server, cpu_seconds(server)
        self._began = time.perf_counter()
        self._ends = self._began + seconds

    def over(self) -> bool:
        """True when no call is to begin any more."""
        return time.perf_counter() >= self._ends

    def load(self) -> Load:
        """What the run gave."""
        elapsed_s = time.perf_counter() - self._began
        return Load(latencies=self.latencies, elapsed_s=elapsed_s, server_cpu_s=cpu_seconds(self._server) - self._cpu)


def run(
    target: str,
    tls: Path,
    calls: Iterator[Call],
    *,
    server: int,
    in_flight: int,
    seconds: float,
    check: Callable[[bytes], bool],
    at_once: int = 1,
) -> Load:
    """Send the calls as fast as `in_flight` allows. Every answer is checked. `server` is the process asked.

    `at_once` is how many ordinary calls one of these is worth: it bounds how many are made beforehand.
    """
    made = list(itertools.islice(calls, int(seconds * _MOST_CALLS_PER_S / at_once)))
    ready = itertools.chain(made, calls)
    return _checked(_run(target, tls, ready, server=server, in_flight=in_flight, seconds=seconds), check)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One of several servers that a client talks to at once. `server` is its process."""

    target: str
    calls: Iterator[Call]
    server: int


def run_lanes(
    lanes: Sequence[Lane], tls: Path, *, in_flight: int, seconds: float, check: Callable[[bytes], bool], at_once: int
) -> float:
    """Calls per second over all lanes, from one client, `in_flight` on each. As `run` otherwise."""
    most = int(seconds * _MOST_CALLS_PER_S / at_once)
    ready = [itertools.chain(list(itertools.islice(lane.calls, most)), lane.calls) for lane in lanes]

    async def all_lanes() -> tuple[Load, list[bytes]]:
        found = await asyncio.gather(
            *[
                _run(lane.target, tls, calls, server=lane.server, in_flight=in_flight, seconds=seconds)
                for lane, calls in zip(lanes, ready, strict=True)
            ]
        )
        rates.extend(load.rps for load, _ in found)
        return found[0][0], [answer for _, answers in found for answer in answers]

    rates: list[float] = []
    _checked(all_lanes(), check)
    return sum(rates)


def stream(
    target: str,
    tls: Path,
    calls: Iterator[Call],
    *,
    server: int,
    in_flight: int,
    seconds: float,
    check: Callable[[bytes], bool],
) -> Load:
    """As `run`, but every message goes through one stream of a method, `in_flight` of them unanswered."""
    return _checked(_stream(target, tls, calls, server=server, in_flight=in_flight, seconds=seconds), check)


def cpu_seconds(process: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _checked(running: Coroutine[None, None, tuple[Load, list[bytes]]], check: Callable[[bytes], bool]) -> Load:
    gc.collect()
    gc.freeze()
    load, answers = asyncio.run(running)
    for answer in answers:
        if not check(answer):
            raise RuntimeError(f"a call was answered {answer!r}")
    return load


async def _run(
    target: str, tls: Path, calls: Iterator[Call], *, server: int, in_flight: int, seconds: float
) -> tuple[Load, list[bytes]]:
    async with secure_channel(target, Tls.load(tls)) as channel:
        await channel.channel_ready()
        clock = Clock(server, seconds)

        async def worker() -> None:
            methods: dict[str, grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]] = {}
            while not clock.over():
                method, request, metadata = next(calls)
                if method not in methods:
                    methods[method] = channel.unary_unary(method)
                sent = time.perf_counter()
                clock.answers.append(await methods[method](request, metadata=metadata, timeout=30))
                clock.latencies.append(time.perf_counter() - sent)

        await asyncio.gather(*[worker() for _ in range(in_flight)])
        return clock.load(), clock.answers


async def _stream(
    target: str, tls: Path, calls: Iterator[Call], *, server: int, in_flight: int, seconds: float
) -> tuple[Load, list[bytes]]:
    async with secure_channel(target, Tls.load(tls)) as channel:
        await channel.channel_ready()
        method, first, metadata = next(calls)
        clock, sent = Clock(server, seconds), deque[float]()
        may_send = asyncio.Semaphore(in_flight)

        async def requests() -> AsyncIterator[bytes]:
            for request in itertools.chain([first], (request for _, request, _ in calls)):
                await may_send.acquire()
                if clock.over():
                    return
                sent.append(time.perf_counter())
                yield request

        call: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(method)
        async for answer in call(requests(), metadata=metadata, timeout=seconds + 30):
            clock.latencies.append(time.perf_counter() - sent.popleft())
            clock.answers.append(answer)
            may_send.release()
        return clock.load(), clock.answers
