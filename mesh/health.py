"""grpc.health.v1 for each service and for the whole process, and reflection for developers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from functools import cache
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio

from mesh.calls import Context, Handler
from mesh.handlers import HandlerTable

SERVING = health_pb2.HealthCheckResponse.SERVING
REFLECTION = "grpc.reflection.v1alpha.ServerReflection"

Reflector = Any
Question = Any
Messages = Any


class Health:
    """What probes are told."""

    def __init__(self, services: Iterable[str]) -> None:
        self._servicer = health_aio.HealthServicer()
        self._services = ("", *services)

    def add_to(self, table: HandlerTable) -> None:
        """Answer health checks through this table."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, table)

    async def serving(self) -> None:
        """Say that every service is up."""
        for service in self._services:
            await self._servicer.set(service, SERVING)

    async def leaving(self) -> None:
        """Say that every service is about to go, for good."""
        await self._servicer.enter_graceful_shutdown()


def add_reflection(table: HandlerTable, services: Iterable[str]) -> None:
    """Let tools list the services. What this needs is imported at the first question, not at every start."""
    names = tuple(sorted({*services, "grpc.health.v1.Health", REFLECTION}))

    async def reflect(questions: AsyncIterator[Question], context: Context) -> AsyncIterator[Question]:
        async for answer in _reflector(names).ServerReflectionInfo(questions, context):
            yield answer

    def parse(raw: bytes) -> Question:
        return _messages().ServerReflectionRequest.FromString(raw)

    handler: Handler = grpc.stream_stream_rpc_method_handler(
        reflect,
        request_deserializer=parse,
        response_serializer=lambda answer: answer.SerializeToString(),
    )
    table.add_registered_method_handlers(REFLECTION, {"ServerReflectionInfo": handler})


@cache
def _messages() -> Messages:
    from grpc_reflection.v1alpha import reflection_pb2  # noqa: PLC0415

    return reflection_pb2


@cache
def _reflector(names: tuple[str, ...]) -> Reflector:
    from grpc_reflection.v1alpha.reflection import aio  # noqa: PLC0415

    return aio.ReflectionServicer(names)
