"""How a process that answers HTTP in threads begins, serves and ends: settings, logs, signals."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Protocol, TypeVar

from mesh import logs
from mesh.process import die_with_parent, stop_on_signals
from mesh.settings import load_or_exit


class Settings(Protocol):
    """What every such process is told."""

    @property
    def log_level(self) -> Literal["debug", "info", "warning", "error"]:
        """Least important lines that are written."""
        ...

    @property
    def die_with_parent(self) -> bool:
        """End when the parent process ends, however it ends."""
        ...


S = TypeVar("S", bound=Settings)


class Answering(BaseHTTPRequestHandler):
    """Answers one connection, for a time; requests are lines of the log at level debug."""

    timeout = 5.0
    log: logs.Log

    def answer_empty(self, status: int) -> None:
        """Answer without a body."""
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Log a request."""
        self.log.debug("request", line=format % args)


@contextmanager
def process(workload: str, settings_class: type[S], log: logs.Log) -> Iterator[S]:
    """The settings of a process, for as long as it runs. Exits with a clear message if they are wrong."""
    settings = load_or_exit(settings_class, os.environ)
    if settings.die_with_parent:
        die_with_parent()
    lines = logs.configure(workload, settings.log_level)
    yield settings
    log.info("stopped")
    lines.flush()


def serve(server: ThreadingHTTPServer, listen: str, log: logs.Log) -> None:
    """Serve until SIGTERM. The server is still to be closed."""
    stop_on_signals(server)
    log.info("ready", listen=listen, port=server.server_address[1])
    server.serve_forever(poll_interval=0.1)
