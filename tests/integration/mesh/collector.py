"""A small OpenTelemetry collector: keeps what it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import grpc.aio
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from tests.integration.mesh.waiting import eventually


class Collector(trace_service_pb2_grpc.TraceServiceServicer, metrics_service_pb2_grpc.MetricsServiceServicer):
    """Both services of OTLP that we use; one `Export` serves both."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.services: set[str] = set()
        self.metrics: dict[str, Any] = {}
        self._server = grpc.aio.server()
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    async def __aenter__(self) -> Self:
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(0)

    async def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
        if isinstance(request, metrics_service_pb2.ExportMetricsServiceRequest):
            for block in request.resource_metrics:
                for scope in block.scope_metrics:
                    self.metrics |= {metric.name: metric for metric in scope.metrics}
            return metrics_service_pb2.ExportMetricsServiceResponse()
        for block in request.resource_spans:
            self.services.add(attributes(block.resource)["service.name"])
            self.spans += [span for scope in block.scope_spans for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()

    async def span(self, name: str, kind: int) -> Any:
        """The only span with this name and kind."""
        await eventually(lambda: self._found(name, kind))
        (found,) = self._found(name, kind)
        return found

    def _found(self, name: str, kind: int) -> list[Any]:
        return [span for span in self.spans if span.name == name and span.kind == kind]


def attributes(holder: Any) -> Mapping[str, str]:
    """Attributes as text."""
    return {item.key: item.value.string_value or str(item.value.int_value) for item in holder.attributes}
