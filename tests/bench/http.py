"""HTTP messages over connections that stay open: as fast as the other side answers, or at a steady rate."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial

import uvloop

from provider_adapters._kit.http import HttpReply
from tests.bench.rpc import cpu_seconds

Check = Callable[[int, HttpReply], bool]
"""True for a right answer to the message of this number."""
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_MOST_PER_S = 3_000
_MOST_WRONG = 0.1
"""Of all answers: a disk that stands still for half a second has many refused, and says nothing of the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a run gave. Milliseconds; microseconds of processor time of the server for each answer."""

    rps: float
    """Right answers."""
    wrong: int
    """Answers that were not right; refusals of a busy mesh too."""
    p50_ms: float
    p99_ms: float
    server_cpu_us: float


class Run:
    """Messages that are sent once each, and their answers."""

    def __init__(self, port: int, messages: Iterator[bytes], check: Check, *, server: int, seconds: float) -> None:
        # Made before the clock starts, and answers are looked at after it stops: both would be measured as well.
        self._ready = list(itertools.islice(messages, int(_MOST_PER_S * seconds)))
        self._port, self._check, self._server, self._seconds = port, check, server, seconds
        self._answers: list[tuple[int, bytes]] = []
        self._latencies: list[float] = []
        self._next = itertools.count()
        self._broken = 0

    def fast(self, in_flight: int) -> Answers:
        """As many as so many connections get answers to."""
        return self._measured(self._race, in_flight)

    def steady(self, rate: float, connections: int) -> Answers:
        """So many each second, whether earlier ones are answered or not. Latency counts from when one was due."""
        return self._measured(partial(self._keep_time, 1 / rate), connections)

    async def keep(self, rate: float, connections: int) -> None:
        """As `steady`, beside others on a loop that runs. `latencies_s` and `wrong` tell how it went.

        A message whose connection breaks has no answer, and the next one gets a new connection.
        """
        began = time.perf_counter()

        async def connection() -> None:
            while time.perf_counter() < began + self._seconds:
                try:
                    await self._keep_time(1 / rate, began)
                except (OSError, EOFError):
                    self._broken += 1

        await asyncio.gather(*[connection() for _ in range(connections)])

    @property
    def latencies_s(self) -> list[float]:
        """Of each answer, in no order."""
        return self._latencies

    @property
    def sent(self) -> int:
        """How many messages were sent."""
        return len(self._latencies) + self._broken

    def wrong(self) -> int:
        """How many messages were not answered, or not with the right answer."""
        return sum(self.wrong_by_status().values())

    def wrong_by_status(self) -> Counter[int]:
        """The same by the HTTP status of the answer; 0: none came."""
        replies = ((number, _reply(answer)) for number, answer in self._answers)
        found = Counter(reply.status for number, reply in replies if not self._check(number, reply))
        return found + Counter({0: self._broken})

    def _measured(self, connection: Callable[[float], Coroutine[None, None, None]], count: int) -> Answers:
        async def run() -> float:
            began = time.perf_counter()
            await asyncio.gather(*[connection(began) for _ in range(count)])
            return time.perf_counter() - began

        gc.collect()
        gc.freeze()
        before_s = cpu_seconds(self._server)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            elapsed_s = runner.run(run())
        spent_s, ordered = cpu_seconds(self._server) - before_s, sorted(self._latencies)
        wrong = [answer for number, answer in self._answers if not self._check(number, _reply(answer))]
        if len(wrong) > _MOST_WRONG * len(ordered):
            raise RuntimeError(
                f"{len(wrong)} of {len(ordered)} callbacks were not answered rightly, as in {wrong[0]!r}"
            )
        return Answers(
            rps=(len(ordered) - len(wrong)) / elapsed_s,
            wrong=len(wrong),
            p50_ms=1000 * ordered[len(ordered) // 2],
            p99_ms=1000 * ordered[len(ordered) * 99 // 100],
            server_cpu_us=1e6 * spent_s / len(ordered),
        )

    async def _race(self, began: float) -> None:
        async with _connected(self._port) as streams:
            while time.perf_counter() - began < self._seconds:
                number = next(self._next)
                if number >= len(self._ready):
                    return
                await self._exchange(number, time.perf_counter(), streams)

    async def _keep_time(self, gap_s: float, began: float) -> None:
        async with _connected(self._port) as streams:
            while True:
                number = next(self._next)
                due = began + number * gap_s
                if due > began + self._seconds:
                    return
                await asyncio.sleep(max(due - time.perf_counter(), 0))
                await self._exchange(number, due, streams)

    async def _exchange(self, number: int, since: float, streams: Streams) -> None:
        reader, writer = streams
        writer.write(self._ready[number])
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        self._latencies.append(time.perf_counter() - since)
        self._answers.append((number, head + body))


@contextlib.asynccontextmanager
async def _connected(port: int) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


def _length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    return int(head[at + 17 : head.index(b"\r\n", at + 17)]) if at >= 0 else 0


def _reply(answer: bytes) -> HttpReply:
    head, _, body = answer.partition(b"\r\n\r\n")
    return HttpReply(status=int(head.split(b" ", 2)[1]), body=body)
