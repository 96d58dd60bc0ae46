"""Settings: one frozen dataclass per process, read from the environment once.

A field `drain_seconds` is read from `PITBOSS_DRAIN_SECONDS`. The string literal under a field is its help text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

PREFIX = "PITBOSS_"

T = TypeVar("T")


class SettingsError(Exception):
    """The environment does not describe a process that can run."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """What every process of the mesh is told. A service's own settings inherit from this."""

    listen: str
    """Address of the gRPC server, host:port; port 0 takes a free one."""
    environment: str = "production"
    """`development` or `production`. Reflection and loopback without TLS exist only in development."""
    tls_dir: Path | None = None
    """Folder with ca.pem, tls.pem and tls.key of this workload."""
    insecure_loopback: bool = False
    """Tests only: no TLS, callers name themselves, on a loopback address, never in production."""
    clock_file: Path | None = None
    """Offset file of a sandbox's clock."""
    otlp_endpoint: str = ""
    """OTLP/gRPC collector for traces and metrics, host:port; empty exports nothing."""
    log_level: str = "info"
    """debug, info, warning or error."""
    drain_seconds: float = 5.0
    """How long calls in flight may take to end after SIGTERM."""
    notice_seconds: float = 0.2
    """How long the health check says NOT_SERVING before the server stops accepting calls."""
    die_with_parent: bool = False
    """End when the parent process ends, however it ends."""
    default_deadline_ms: int = 10_000
    """Deadline of a unary call that brings none."""
    max_deadline_ms: int = 60_000
    """Longest deadline a unary call may bring; longer ones are shortened."""
    slow_call_ms: int = 1_000
    """A successful call that took longer than this is logged."""
    max_message_bytes: int = 256 * 1024
    """Largest request message."""
    max_concurrent_calls: int = 1024
    """Calls served at the same time; more are refused with RESOURCE_EXHAUSTED."""


def load(cls: type[T], environ: Mapping[str, str]) -> T:
    """The settings in an environment, or `SettingsError` with every problem in it."""
    raise NotImplementedError


def load_or_exit(cls: type[T], environ: Mapping[str, str]) -> T:
    """As `load`, but a bad environment is told on stderr and ends the process with status 2."""
    raise NotImplementedError
