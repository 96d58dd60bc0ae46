"""Structured logs: one JSON object per line on stdout, without secrets.

`log = logs.get("wallet")`, then `log.info("batch committed", transfers=12)`. Lines go through the standard library's
logging, so libraries end up in the same stream. A blocked stdout loses lines, and never blocks the process.
"""

from __future__ import annotations

import atexit
import datetime as dt
import logging
import os
import queue
import sys
import threading

import orjson

from mesh.identity import peek_caller
from mesh.redaction import redact_fields, redact_text

_FIELDS = "pitboss_fields"
_CAPACITY = 10_000
_CHUNK_LINES = 256


class Log:
    """A named logger whose lines have an event and fields."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    @property
    def tells_everything(self) -> bool:
        """Whether lines for somebody looking closely are written at all: worth asking before making one for each call."""
        return self._logger.isEnabledFor(logging.DEBUG)

    def debug(self, event: str, **fields: object) -> None:
        """For somebody looking closely."""
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Something worth knowing happened."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Somebody should look at this one day."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, *, error: BaseException | None = None, **fields: object) -> None:
        """Somebody should look at this now; `error` adds its stack trace."""
        self._write(logging.ERROR, event, fields, error)

    def security(self, event: str, **fields: object) -> None:
        """Somebody tried what they may not."""
        self._write(logging.WARNING, event, {"security": True, **fields})

    def _write(self, level: int, event: str, fields: dict[str, object], error: BaseException | None = None) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", event, exc_info=error, extra={_FIELDS: fields})


def get(name: str) -> Log:
    """The logger with this name."""
    return Log(name)


def configure(service: str, level: str = "info", *, fd: int | None = None) -> Writer:
    """Send every log line of this process, also those of libraries, to stdout (or `fd`) as JSON."""
    writer = Writer(sys.stdout.fileno() if fd is None else fd)
    root = logging.getLogger()
    root.handlers[:] = [_Handler(service, writer)]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    # No line shows thread, process or source line, so they need not be found out for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - the documented switch
    # gRPC logs one line for each call it drops; the interceptor's own line says more.
    for chatty in ("grpc", "httpx"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    atexit.register(writer.flush)
    return writer


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        return self.encode(record).decode()

    def encode(self, record: logging.LogRecord) -> bytes:
        """The line as bytes, without its end."""
        line = {
            "ts": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": redact_text(record.getMessage()),
        }
        if (caller := peek_caller()) is not None:
            line |= {"request_id": caller.request_id, "licensee": caller.licensee or ""}
        line |= redact_fields(getattr(record, _FIELDS, {}))
        if record.exc_info:
            line["stack"] = redact_text(self.formatException(record.exc_info))
        return orjson.dumps(line)


class _Handler(logging.Handler):
    def __init__(self, service: str, writer: Writer) -> None:
        super().__init__()
        self._format, self._writer = JsonFormatter(service), writer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._writer.write(self._format.encode(record) + b"\n")
        except Exception:  # noqa: BLE001 - a line that cannot be written must not fail the call that wrote it
            self.handleError(record)


class Writer:
    """Writes lines to a file descriptor in a thread of its own; drops lines when too many wait."""

    def __init__(self, fd: int, capacity: int = _CAPACITY) -> None:
        self.dropped = 0
        self._fd, self._capacity = fd, capacity
        self._queue: queue.SimpleQueue[bytes | threading.Event] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    def write(self, line: bytes) -> None:
        """Take a line; returns at once."""
        if self._queue.qsize() < self._capacity:
            self._queue.put(line)
        else:
            self.dropped += 1

    def flush(self, timeout_s: float = 1.0) -> bool:
        """Wait until every line so far is written, but not for long."""
        done = threading.Event()
        self._queue.put(done)
        return done.wait(timeout_s)

    def _run(self) -> None:
        reported = 0
        while True:
            items = [self._queue.get()]
            while len(items) < _CHUNK_LINES and not self._queue.empty():
                items.append(self._queue.get())
            if self.dropped != reported:
                reported = self.dropped
                items.insert(
                    0, orjson.dumps({"level": "warning", "event": "log lines dropped", "total": reported}) + b"\n"
                )
            self._put(b"".join(item for item in items if isinstance(item, bytes)))
            for item in items:
                if isinstance(item, threading.Event):
                    item.set()

    def _put(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:
            # Whoever read the other end is gone; the process has better things to do than to die of it.
            self.dropped += data.count(b"\n")
