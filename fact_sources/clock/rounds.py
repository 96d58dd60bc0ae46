"""Measures again and again, and writes the report. A source that hangs delays nobody: each is asked at once, for a time."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from fact_sources.clock.measuring import worst
from fact_sources.clock.sources import TROUBLES
from mesh import logs
from mesh.clock_report import Report, write_report

_log = logs.get("fact_sources.clock")


class Source(Protocol):
    """Something that knows the time."""

    name: str

    async def measure(self) -> Report | None: ...

    async def close(self) -> None: ...


class Rounds:
    """Asks every source, and reports the worst of what they say. If all are silent nothing is written: the last report ages."""

    def __init__(self, sources: Sequence[Source], report: Path, *, every_s: float, timeout_s: float) -> None:
        self._sources = sources
        self._report = report
        self._every_s, self._timeout_s = every_s, timeout_s
        self._stopped = asyncio.Event()
        self._silent: set[str] = set()
        self.reported = False
        """Whether a report was written at all."""

    async def once(self) -> Report | None:
        """One round; what was reported."""
        answers = await asyncio.gather(*map(self._ask, self._sources))
        found = worst(one for one in answers if one is not None)
        if found is not None:
            write_report(self._report, found)
            self.reported = True
        return found

    async def run(self) -> None:
        """Until `stop`."""
        while not self._stopped.is_set():
            await self.once()
            try:
                await asyncio.wait_for(self._stopped.wait(), self._every_s)
            except TimeoutError:
                continue
        for source in self._sources:
            await source.close()

    def stop(self) -> None:
        """End soon. Within the loop."""
        self._stopped.set()

    async def _ask(self, source: Source) -> Report | None:
        try:
            async with asyncio.timeout(self._timeout_s):
                found, why = await source.measure(), "it is not exact enough, or nobody disciplines it"
        except TROUBLES as trouble:
            found, why = None, type(trouble).__name__
        if found is None and source.name not in self._silent:
            _log.warning("a source of time is silent", source=source.name, why=why)
            self._silent.add(source.name)
        elif found is not None and source.name in self._silent:
            _log.warning("a source of time answers again", source=source.name)
            self._silent.discard(source.name)
        return found
