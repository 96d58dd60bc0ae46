"""Runs the rounds, and answers health checks over HTTP."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fact_sources import running
from fact_sources.clock.config import ClockSettings
from fact_sources.clock.rounds import Rounds, Source
from fact_sources.clock.sources import DatabaseTime, KernelTime, NtpTime
from mesh import logs
from mesh.clock import open_clock
from mesh.settings import split_address

_log = logs.get("fact_sources.clock")


def sources_of(settings: ClockSettings) -> list[Source]:
    """Every source of time that it was told of."""
    clock, max_error_us = open_clock(settings.clock_file), settings.clock_max_error_ms * 1_000
    found: list[Source] = [NtpTime(address, clock, max_error_us=max_error_us) for address in settings.clock_ntp]
    if settings.database_url:
        found.append(DatabaseTime(settings.database_url, clock, max_error_us=max_error_us))
    if settings.clock_kernel:
        found.append(KernelTime(clock, max_error_us=max_error_us))
    return found


class Measuring(threading.Thread):
    """The rounds in a thread of their own: whoever asks how it is delays no measurement."""

    def __init__(self, settings: ClockSettings) -> None:
        super().__init__(name="measuring", daemon=True)
        self._loop = asyncio.new_event_loop()
        self.rounds = Rounds(
            sources_of(settings),
            settings.clock_report,
            every_s=settings.clock_every_ms / 1_000,
            timeout_s=settings.clock_timeout_ms / 1_000,
        )

    def run(self) -> None:
        """Until `stop`."""
        self._loop.run_until_complete(self.rounds.run())
        self._loop.close()

    def stop(self) -> None:
        """End soon."""
        self._loop.call_soon_threadsafe(self.rounds.stop)


def make_server(address: str, measuring: Measuring) -> ThreadingHTTPServer:
    """A server that is not serving yet. `/healthz`: it measures; `/readyz`: it has written a report."""

    class Handler(running.Answering, BaseHTTPRequestHandler):
        log = _log

        def do_GET(self) -> None:
            well = {"/healthz": measuring.is_alive(), "/readyz": measuring.is_alive() and measuring.rounds.reported}
            self.answer_empty(404 if self.path not in well else 200 if well[self.path] else 503)

    return ThreadingHTTPServer(split_address(address), Handler)


def main() -> None:
    """Serve until SIGTERM."""
    with running.process("fact_sources/clock", ClockSettings, _log) as settings:
        measuring = Measuring(settings)
        measuring.start()
        server = make_server(settings.clock_listen, measuring)
        running.serve(server, settings.clock_listen, _log)
        measuring.stop()
        measuring.join(timeout=5)
        server.server_close()
