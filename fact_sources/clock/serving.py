"""Runs the rounds, and answers health checks over HTTP."""

import asyncio
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fact_sources.clock.config import ClockSettings
from fact_sources.clock.rounds import Rounds, Source
from fact_sources.clock.sources import DatabaseTime, KernelTime, NtpTime
from mesh import logs
from mesh.clock import open_clock
from mesh.process import die_with_parent, stop_on_signals
from mesh.settings import load_or_exit, split_address

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

    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0

        def do_GET(self) -> None:
            well = {"/healthz": measuring.is_alive(), "/readyz": measuring.is_alive() and measuring.rounds.reported}
            self.send_response(404 if self.path not in well else 200 if well[self.path] else 503)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            _log.debug("request", line=format % args)

    return ThreadingHTTPServer(split_address(address), Handler)


def main() -> None:
    """Serve until SIGTERM."""
    settings = load_or_exit(ClockSettings, os.environ)
    if settings.die_with_parent:
        die_with_parent()
    lines = logs.configure("fact_sources/clock", settings.log_level)
    measuring = Measuring(settings)
    measuring.start()
    server = make_server(settings.clock_listen, measuring)
    stop_on_signals(server)
    _log.info("ready", listen=settings.clock_listen, port=server.server_address[1])
    server.serve_forever(poll_interval=0.1)
    measuring.stop()
    measuring.join(timeout=5)
    server.server_close()
    _log.info("stopped")
    lines.flush()
    sys.exit(0)
