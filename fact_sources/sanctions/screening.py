"""Who is screened when, and what the mesh is told: one round after the other."""

import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

import grpc

from fact_sources.lease import HealthLease
from fact_sources.sanctions.reading import Result, Said, SilentError
from fact_sources.sanctions.state import Found, State
from mesh import logs

_log = logs.get("fact_sources.sanctions")

_MOST: Final = 500
"""Players of one round: new ones do not wait for a whole list update."""
_NEVER: Final = frozenset({grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.ALREADY_EXISTS})
"""What another attempt would not change."""


class Source(Protocol):
    """Whoever knows the lists."""

    def version(self) -> str: ...

    def screen(self, reference: str) -> Said: ...


class Mesh(Protocol):
    """The ledger to read players from, and whoever is told."""

    def shards(self) -> list[int]: ...

    def players(self, shard: int, after: int) -> list[tuple[int, list[tuple[str, str]]]]: ...

    def record(self, found: Found) -> None: ...

    def tell(self, *, silent: bool) -> None: ...


def is_news(last: str, result: Result) -> bool:
    """Whether the mesh is told: of the first screening, and of what is worse than before or another thing.

    What is not found any more is for a person to judge: it is no news, and ends nothing.
    """
    return last != result.value and not (last and result is Result.NO_MATCH)


class Screening:
    """Reads, screens, records and tells. Killed anywhere, it goes on where it was."""

    def __init__(
        self, state: State, source: Source, mesh: Mesh, *, hold_s: float, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._state = state
        self._source = source
        self._mesh = mesh
        self._lease = HealthLease(hold_s)
        self._now_s = now_s
        self._stop = threading.Event()

    def round(self) -> None:
        """Look once. A part of the mesh that is down keeps nothing else from its turn."""
        self._try(self._read)
        silent = self._screen()
        self._try(self._record)
        self._try(lambda: self._tell(silent=silent))

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except grpc.RpcError as error:
            _log.warning("the mesh does not answer", code=error.code().name)

    def run(self, every_s: float) -> None:
        """Until `stop`."""
        while not self._stop.is_set():
            self.round()
            self._stop.wait(every_s)

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    def _read(self) -> None:
        for shard in self._mesh.shards():
            for position, players in self._mesh.players(shard, self._state.cursor(shard)):
                self._state.add(shard, position, players)

    def _screen(self) -> bool:
        """Screen those who are due; True if the source is silent."""
        try:
            version = self._source.version()
            for licensee, player in self._state.due(version, _MOST):
                if self._stop.is_set():
                    break
                self._note(licensee, player, self._source.screen(f"{licensee}/{player}"))
        except SilentError as error:
            _log.warning("the source is silent", trouble=error.trouble.value)
            return True
        return False

    def _note(self, licensee: str, player: str, said: Said) -> None:
        last = self._state.last(licensee, player)
        news = is_news(last, said.result)
        if last and last != said.result.value:
            _log.warning("a screening has another result", last=last, result=said.result.value, version=said.version)
        self._state.note(licensee, player, said, is_news=news)

    def _record(self) -> None:
        for found in self._state.unrecorded():
            try:
                self._mesh.record(found)
            except grpc.RpcError as error:
                if error.code() not in _NEVER:
                    raise
                _log.error("a screening cannot be recorded", code=error.code().name, version=found.version)
            self._state.recorded(found)

    def _tell(self, *, silent: bool) -> None:
        if not self._lease.is_due(silent=silent, now_s=self._now_s()):
            return
        self._mesh.tell(silent=silent)
        self._lease.renew(silent=silent, now_s=self._now_s())
