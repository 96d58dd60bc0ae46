"""The part of telemetry that needs OpenTelemetry's SDK; imported only when something is exported."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor, filters
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from mesh import metrics

INTERVAL_S = 10.0
_EXPORT_TIMEOUT_S = 2
_SCOPE = "pitboss.mesh"
_CUMULATIVE = AggregationTemporality.CUMULATIVE


class Exporter:
    """Sends spans as they end, and every metric each few seconds."""

    def __init__(
        self, service: str, endpoint: str, registry: metrics.Registry, *, interval_s: float = INTERVAL_S
    ) -> None:
        self._resource = Resource.create(
            {
                "service.name": service,
                "service.namespace": "pitboss",
                "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
            }
        )
        spans = OTLPSpanExporter(endpoint=endpoint, insecure=True, timeout=_EXPORT_TIMEOUT_S)
        self._tracing = TracerProvider(resource=self._resource, shutdown_on_exit=False)
        self._tracing.add_span_processor(BatchSpanProcessor(spans, schedule_delay_millis=1_000))
        self._metrics = OTLPMetricExporter(endpoint=endpoint, insecure=True, timeout=_EXPORT_TIMEOUT_S)
        self._registry, self._interval_s, self._began = registry, interval_s, time.time_ns()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def server_interceptors(self) -> list[Any]:
        """For a server; health checks are not worth a trace."""
        traced = filters.negate(filters.health_check())
        return [aio_server_interceptor(self._tracing, filter_=traced)]  # type: ignore[no-untyped-call]

    def client_interceptors(self) -> list[Any]:
        """For a channel."""
        return list(aio_client_interceptors(self._tracing))  # type: ignore[no-untyped-call]

    def span(self, name: str, attributes: dict[str, str | int]) -> AbstractContextManager[trace.Span]:
        """A span around a piece of work."""
        return self._tracing.get_tracer(_SCOPE).start_as_current_span(name, attributes=attributes)

    def close(self, timeout_s: float) -> None:
        """Send what is left. A collector that does not answer must not hold up the end of the process."""
        self._closing.set()
        ending = threading.Thread(target=self._end, name="telemetry end", daemon=True)
        ending.start()
        ending.join(timeout_s)

    def _end(self) -> None:
        self._thread.join()
        self._tracing.shutdown()
        self._metrics.shutdown()

    def _run(self) -> None:
        while not self._closing.wait(self._interval_s):
            self._metrics.export(self._collect())
        self._metrics.export(self._collect())

    def _collect(self) -> MetricsData:
        found = tuple(convert(self._registry, self._began, time.time_ns()))
        scope = ScopeMetrics(scope=InstrumentationScope(_SCOPE), metrics=found, schema_url="")
        resource = ResourceMetrics(resource=self._resource, scope_metrics=(scope,), schema_url="")
        return MetricsData(resource_metrics=(resource,))


def convert(registry: metrics.Registry, began_ns: int, now_ns: int) -> Iterable[Metric]:
    """Every instrument of a registry as OpenTelemetry's data; labels of one name become points of one metric."""
    for name, group in itertools.groupby(registry.instruments(), key=lambda item: item[0]):
        items = [(dict(labels), instrument) for _, labels, instrument in group]
        yield _metric(name, items, began_ns, now_ns)


def _metric(name: str, items: list[tuple[dict[str, str], metrics.Instrument]], began_ns: int, now_ns: int) -> Metric:
    first = items[0][1]
    if isinstance(first, metrics.Histogram):
        points = [
            _distribution(labels, item, began_ns, now_ns)
            for labels, item in items
            if isinstance(item, metrics.Histogram)
        ]
        unit = "s" if first.bounds == metrics.SECONDS else "1"
        return Metric(name, "", unit, Histogram(points, _CUMULATIVE))
    numbers = [NumberDataPoint(labels, began_ns, now_ns, _number(item)) for labels, item in items]
    if isinstance(first, metrics.Counter):
        return Metric(name, "", "1", Sum(numbers, _CUMULATIVE, is_monotonic=True))
    return Metric(name, "", "1", Gauge(numbers))


def _number(item: metrics.Instrument) -> float:
    if isinstance(item, metrics.Histogram):
        raise TypeError("one name, two kinds of instruments")
    return item.value if isinstance(item, metrics.Counter) else item.read()


def _distribution(labels: dict[str, str], item: metrics.Histogram, began_ns: int, now_ns: int) -> HistogramDataPoint:
    buckets = tuple(item.buckets)
    return HistogramDataPoint(
        attributes=labels,
        start_time_unix_nano=began_ns,
        time_unix_nano=now_ns,
        count=sum(buckets),
        sum=item.sum,
        bucket_counts=buckets,
        explicit_bounds=item.bounds,
        min=item.lowest,
        max=item.highest,
    )
