"""What a process of the mesh does besides serving: end with its parent, watch its background work, end in order."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from mesh import logs

if TYPE_CHECKING:
    from socketserver import BaseServer
    from types import FrameType

_log = logs.get("mesh.process")

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux to terminate this process when its parent is gone, even if that was killed."""
    import ctypes  # noqa: PLC0415 - only development needs it

    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # It died before we asked.
        os.kill(os.getpid(), signal.SIGTERM)


class StopSignal:
    """Set by SIGTERM or SIGINT. A second one ends the process at once."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def listen(self) -> None:
        """Take over the process's signals."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._receive, number)

    def _receive(self, number: int) -> None:
        if self._event.is_set():
            _log.warning("stopped without draining", signal=signal.Signals(number).name)
            os._exit(128 + number)
        _log.info("stopping", signal=signal.Signals(number).name)
        self._event.set()

    def set(self) -> None:
        """Stop for another reason."""
        self._event.set()

    async def wait(self) -> None:
        """Return when it is time to stop."""
        await self._event.wait()


class Background:
    """Work that runs beside the server. A crash of it ends the process: half a service is worse than none."""

    def __init__(self, stop: StopSignal) -> None:
        self._stop = stop
        self._tasks: set[asyncio.Task[None]] = set()
        self.crashed = False

    def start(self, works: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        """Start each work in a task of its own."""
        for name, work in works.items():
            task = asyncio.create_task(self._watch(name, work), name=name)
            self._tasks.add(task)

    async def _watch(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - told, then the process ends
            _log.error("background work crashed", work=name, error=error)
            self.crashed = True
            self._stop.set()
        else:
            _log.debug("background work done", work=name)

    async def cancel(self) -> None:
        """End all of it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def close_all(closers: Sequence[Callable[[], Awaitable[None]]], timeout_s: float = 2.0) -> None:
    """Await each closer in reverse order. One that fails or hangs does not keep the others from running."""
    for closer in reversed(closers):
        try:
            async with asyncio.timeout(timeout_s):
                await closer()
        except Exception as error:  # noqa: BLE001 - told, then the next one
            _log.error("closing failed", closer=getattr(closer, "__qualname__", repr(closer)), error=error)


def stop_on_signals(server: BaseServer) -> None:
    """Let SIGTERM and SIGINT end `serve_forever` of a server with threads."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Not from this thread: it is the one that serves.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
