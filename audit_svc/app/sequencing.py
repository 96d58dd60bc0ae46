"""The one writer of the log: it follows every source from where the log says, and appends what they give in batches.

Several processes may run. Each plans on the end of the log and on the positions that it has read; whoever was
overtaken throws its plan away and reads both again. So a source's event is in the log once, whoever was killed where.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import grpc.aio

from audit_svc.domain import APPENDED, Draft, End, Span
from audit_svc.ports import AuditLog, HeadMovedError, Source
from mesh import logs, metrics
from mesh.clock import Clock
from mesh.errors import DependencyDownError, Kind, MeshError
from mesh.failures import understand

_log = logs.get("audit_svc.sequencing")

_PAUSE_S = 0.3
_ROSTER_S = 5.0
_WAITING_SPANS = 64
_PASSING = frozenset({Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.RESOURCE_EXHAUSTED})


@dataclass(frozen=True, slots=True)
class _Waiting:
    span: Span
    done: asyncio.Future[None] | None = None


class Sequencer:
    """Implements `ports.Appending` besides."""

    def __init__(
        self,
        log: AuditLog,
        sources: Callable[[], Awaitable[Sequence[Source]]],
        clock: Clock,
        *,
        batch_s: float,
        batch_leaves: int,
        own: Sequence[Source] = (),
    ) -> None:
        self._log = log
        self._sources = sources
        self._own = own
        self._clock = clock
        self._batch_s = batch_s
        self._batch_leaves = batch_leaves
        self._waiting: asyncio.Queue[_Waiting] | None = None
        self._leaves = metrics.registry.counter("audit.leaves")
        self._overtaken = metrics.registry.counter("audit.overtaken")

    async def append(self, draft: Draft) -> None:
        await self.append_span(Span(source=APPENDED, drafts=[draft]))

    async def append_span(self, span: Span) -> None:
        if self._waiting is None:
            raise DependencyDownError(dependency="audit log", retry_after=_PAUSE_S)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._waiting.put(_Waiting(span, done))
        await done

    async def run(self) -> None:
        """Follow and append until cancelled."""
        while True:
            try:
                await self._attend()
            except HeadMovedError:
                self._overtaken.add()
                _log.debug("overtaken by another process")
            except (MeshError, grpc.aio.AioRpcError, OSError) as error:
                _log.warning("the log cannot be written, trying again", cause=repr(error))
            except Exception as error:
                if understand(error).kind not in _PASSING:
                    raise
                _log.warning("the log cannot be written, trying again", cause=repr(error))
            await asyncio.sleep(_PAUSE_S)

    async def _attend(self) -> None:
        """Work on one plan, until somebody else moves the log or something fails."""
        end, positions = await self._log.end(), await self._log.positions()
        waiting: asyncio.Queue[_Waiting] = asyncio.Queue(_WAITING_SPANS)
        self._waiting = waiting
        readers: dict[str, asyncio.Task[None]] = {}
        roster = asyncio.create_task(self._follow_all(readers, positions, waiting))
        try:
            await self._write(end, waiting)
        finally:
            self._waiting = None
            tasks = [roster, *readers.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            _fail(waiting)

    async def _follow_all(
        self, readers: dict[str, asyncio.Task[None]], positions: Mapping[str, int], waiting: asyncio.Queue[_Waiting]
    ) -> None:
        """Follow every source, also those that come later."""
        found: Sequence[Source] = self._own
        while True:
            for source in found:
                if source.name not in readers:
                    reading = self._follow(source, positions.get(source.name, 0), waiting)
                    readers[source.name] = asyncio.create_task(reading)
            try:
                found = await self._sources()
            except (MeshError, grpc.aio.AioRpcError) as error:
                _log.debug("sources are not known yet", cause=repr(error))
                await asyncio.sleep(_PAUSE_S)
                continue
            if all(source.name in readers for source in found):
                await asyncio.sleep(_ROSTER_S)

    async def _follow(self, source: Source, after: int, waiting: asyncio.Queue[_Waiting]) -> None:
        while True:
            try:
                async for span in source.spans(after):
                    await waiting.put(_Waiting(span))
                    after = max(after, span.position)
            except Exception as error:  # noqa: BLE001 - told, then asked again: a neighbour that is down is no reason to end
                kind = understand(error).kind
                tell = _log.debug if kind in _PASSING else _log.warning
                tell("source interrupted", source=source.name, cause=repr(error))
            await asyncio.sleep(_PAUSE_S)

    async def _write(self, end: End, waiting: asyncio.Queue[_Waiting]) -> None:
        while True:
            batch = await self._collect(waiting)
            try:
                after = await self._log.append(
                    [each.span for each in batch], planned_on=end, now_us=self._clock.now_us()
                )
            except BaseException as error:
                _settle(batch, error)
                raise
            self._leaves.add(after.size - end.size)
            end = after
            _settle(batch, None)

    async def _collect(self, waiting: asyncio.Queue[_Waiting]) -> list[_Waiting]:
        """What comes within the time of a batch, beginning with the first."""
        batch = [await waiting.get()]
        deadline = asyncio.get_running_loop().time() + self._batch_s
        while sum(len(each.span.drafts) for each in batch) < self._batch_leaves:
            # A caller waits for this one.
            left = 0.0 if batch[-1].done else deadline - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(left):
                    batch.append(await waiting.get())
            except TimeoutError:
                break
        return batch


def _settle(batch: Sequence[_Waiting], error: BaseException | None) -> None:
    for each in batch:
        if each.done is None or each.done.done():
            continue
        if error is None:
            each.done.set_result(None)
        else:
            each.done.set_exception(HeadMovedError() if isinstance(error, HeadMovedError) else _down())


def _fail(waiting: asyncio.Queue[_Waiting]) -> None:
    while not waiting.empty():
        _settle([waiting.get_nowait()], _down())


def _down() -> DependencyDownError:
    return DependencyDownError(dependency="audit log", retry_after=_PAUSE_S)
