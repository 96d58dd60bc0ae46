"""OpenTelemetry traces and metrics, only when there is a collector to send them to.

Nothing of OpenTelemetry is imported otherwise. A collector that is slow or gone costs memory for a bounded queue, and
nothing else.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from mesh import metrics

if TYPE_CHECKING:
    from mesh.telemetry_export import Exporter

_exporter: Exporter | None = None


def start(service: str, endpoint: str, registry: metrics.Registry | None = None) -> None:
    """Begin to export to an OTLP/gRPC collector at host:port; an empty endpoint exports nothing."""
    global _exporter  # noqa: PLW0603 - one per process
    if not endpoint or _exporter is not None:
        return
    from mesh.telemetry_export import Exporter  # noqa: PLC0415

    _exporter = Exporter(service, endpoint, registry or metrics.registry)


async def stop(timeout_s: float = 2.0) -> None:
    """Send what is left, but not for long."""
    global _exporter
    if _exporter is not None:
        exporter, _exporter = _exporter, None
        await asyncio.to_thread(exporter.close, timeout_s)


def span(name: str, **attributes: str | int) -> AbstractContextManager[Any]:
    """A span around a piece of work, if traces are exported: `with telemetry.span("commit", transfers=12):`."""
    return _exporter.span(name, attributes) if _exporter else nullcontext()


def server_interceptors() -> list[Any]:
    """What a gRPC server needs in order to trace calls."""
    return _exporter.server_interceptors() if _exporter else []


def client_interceptors() -> list[Any]:
    """What a gRPC channel needs in order to trace calls."""
    return _exporter.client_interceptors() if _exporter else []
