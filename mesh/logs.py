"""Structured logs: one JSON object per line on stdout, without secrets.

`log = logs.get("wallet")`, then `log.info("batch committed", transfers=12)`.
"""

from __future__ import annotations

from typing import Any


class Log:
    """A named logger whose lines have an event and fields."""

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, event: str, **fields: Any) -> None:
        """For somebody looking closely."""

    def info(self, event: str, **fields: Any) -> None:
        """Something worth knowing happened."""

    def warning(self, event: str, **fields: Any) -> None:
        """Somebody should look at this one day."""

    def error(self, event: str, *, error: BaseException | None = None, **fields: Any) -> None:
        """Somebody should look at this now; `error` adds its stack trace."""

    def security(self, event: str, **fields: Any) -> None:
        """Somebody tried what they may not."""


def get(name: str) -> Log:
    """The logger with this name."""
    return Log(name)


def configure(service: str, level: str = "info") -> None:
    """Send every log line of this process, also those of libraries, to stdout as JSON."""
    raise NotImplementedError
