"""The follower as the life of a process: page after page, through outages, and what it says of itself."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from dataclasses import dataclass, replace

import psycopg

from mesh import logs, metrics
from mesh.second_opinion.config import SecondOpinionSettings
from mesh.second_opinion.follower import Follower, Page
from mesh.second_opinion.notebook import Alarm, Notebook
from mesh.second_opinion.reading import Reader

_log = logs.get("mesh.second_opinion")

_REST_AFTER_OUTAGE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What is known at some moment."""

    agrees: bool = True
    checked: int = 0
    entries: int = 0
    whole_at: float = 0.0
    """Monotonic seconds of the last moment of which everything is recomputed."""
    read_again: int = 0
    rounds: int = 0

    @property
    def lag_s(self) -> float:
        """Seconds since that moment."""
        return time.monotonic() - self.whole_at

    @property
    def coverage(self) -> float:
        """Checked entries as a share of all."""
        return self.checked / self.entries if self.entries else 1.0


class Watch:
    """Follows until it is closed."""

    def __init__(self, settings: SecondOpinionSettings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._ended.set()
        self.opinion = Opinion(whole_at=time.monotonic())
        metrics.registry.gauge("second_opinion.lag", lambda: self.opinion.lag_s)
        metrics.registry.gauge("second_opinion.coverage", lambda: self.opinion.coverage)
        self._entries = metrics.registry.counter("second_opinion.entries")
        self._alarms = metrics.registry.counter("second_opinion.alarms")

    async def run(self) -> None:
        """Follow until cancelled, in a thread of its own: recomputing leaves no time for answering calls."""
        self._ended.clear()
        await asyncio.to_thread(self._run)

    async def close(self) -> None:
        """Finish the page under way."""
        self._stop.set()
        await asyncio.to_thread(self._ended.wait, 30)

    def alarms(self, limit: int) -> list[Alarm]:
        """What did not agree, the latest first."""
        with contextlib.closing(Notebook(self._settings.notebook, readonly=True)) as notebook:
            return notebook.alarms(limit)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._follow()
                except (psycopg.Error, sqlite3.Error, OSError) as error:
                    _log.warning("cannot follow, trying again", error=error)
                    self._stop.wait(_REST_AFTER_OUTAGE_S)
        finally:
            self._ended.set()

    def _follow(self) -> None:
        """Follow until something fails. What was recomputed and not yet written is recomputed again."""
        settings = self._settings
        settings.notebook.parent.mkdir(parents=True, exist_ok=True)
        with (
            contextlib.closing(Notebook(settings.notebook)) as notebook,
            contextlib.closing(
                Reader(settings.database_url, statement_timeout_ms=settings.statement_timeout_ms)
            ) as reader,
        ):
            follower = Follower(
                notebook, page_entries=settings.page_entries, reread_per_second=settings.reread_per_second
            )
            if notebook.alarms(1):
                self.opinion = replace(self.opinion, agrees=False)
            while not self._stop.is_set():
                page, alarms = follower.page(reader)
                self._tell(page, alarms, follower)
                if page.whole and not follower.history.hurry:
                    self._stop.wait(settings.interval_ms / 1000)

    def _tell(self, page: Page, alarms: list[Alarm], follower: Follower) -> None:
        self._entries.add(page.entries)
        for alarm in alarms:
            self._alarms.add()
            _log.error("the second opinion does not agree", place=alarm.place, problem=alarm.problem)
        before = self.opinion
        self.opinion = Opinion(
            agrees=before.agrees and not alarms,
            checked=page.checked,
            entries=page.existing,
            whole_at=page.began if page.whole else before.whole_at,
            read_again=follower.history.read_again,
            rounds=follower.history.rounds,
        )
