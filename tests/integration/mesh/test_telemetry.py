"""What a collector gets to see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from mesh import metrics, telemetry
from mesh.dev.ports import free_port
from mesh.errors import Kind, MeshError
from pitboss.type.v1.money_pb2 import Money
from tests.integration.mesh.collector import Collector, attributes
from tests.integration.mesh.harness import GOOD, SERVICE, Echo, World, refusal, serving

SERVER, CLIENT = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT
OK = "0"


class DownError(MeshError):
    """Not now."""

    kind = Kind.UNAVAILABLE
    reason = "ERROR_REASON_DEPENDENCY_DOWN"


class UnknownError(MeshError):
    """No such thing."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_PLAYER_NOT_FOUND"


async def unary(request: Money, context: Any) -> Money:
    match request.amount:
        case "1":
            raise DownError
        case "2":
            raise UnknownError
        case "3":
            raise RuntimeError("canary 4711")
    return request


async def sending(request: Money, context: Any) -> AsyncIterator[Money]:
    yield request
    raise DownError


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with Collector() as running:
        telemetry.start("wallet_svc", f"127.0.0.1:{running.port}", metrics.Registry())
        yield running
        await telemetry.stop()


async def test_a_call_is_one_trace_from_the_caller_to_the_server(world: World, collector: Collector) -> None:
    async with serving(world, Echo(unary=unary)) as running:
        assert await (await running.stub()).Unary(GOOD, timeout=20) == GOOD
        client = await collector.span(f"/{SERVICE}/Unary", CLIENT)
        server = await collector.span(f"/{SERVICE}/Unary", SERVER)
    assert server.trace_id == client.trace_id
    assert server.parent_span_id == client.span_id
    assert collector.services == {"wallet_svc"}
    assert server.status.code != Status.STATUS_CODE_ERROR


@pytest.mark.parametrize(
    ("amount", "number", "is_error"),
    [("1", "14", True), ("2", "5", False), ("3", "13", True), ("bad", "3", False)],
)
async def test_the_span_of_a_failed_call_has_its_status(
    world: World, collector: Collector, amount: str, number: str, is_error: bool
) -> None:
    async with serving(world, Echo(unary=unary)) as running:
        await refusal((await running.stub()).Unary(Money(currency_code="EUR", amount=amount), timeout=20))
        server = await collector.span(f"/{SERVICE}/Unary", SERVER)
        client = await collector.span(f"/{SERVICE}/Unary", CLIENT)
    assert attributes(server)["rpc.grpc.status_code"] == number
    assert (server.status.code == Status.STATUS_CODE_ERROR) is is_error
    assert client.status.code == Status.STATUS_CODE_ERROR
    assert "canary" not in str(client)


async def test_the_span_of_a_stream_that_fails_is_an_error(world: World, collector: Collector) -> None:
    async with serving(world, Echo(sending=sending)) as running:
        answers = aiter((await running.stub()).Sending(GOOD, timeout=20))
        assert await anext(answers) == GOOD
        await refusal(anext(answers))
        server = await collector.span(f"/{SERVICE}/Sending", SERVER)
    assert server.status.code == Status.STATUS_CODE_ERROR


async def test_our_own_spans_are_inside_the_span_of_the_call(world: World, collector: Collector) -> None:
    async def working(request: Money, context: Any) -> Money:
        with telemetry.span("commit", transfers=12):
            await asyncio.sleep(0)
        return request

    async with serving(world, Echo(unary=working)) as running:
        await (await running.stub()).Unary(GOOD, timeout=20)
        server = await collector.span(f"/{SERVICE}/Unary", SERVER)
        commit = await collector.span("commit", Span.SPAN_KIND_INTERNAL)
    assert commit.parent_span_id == server.span_id
    assert attributes(commit)["transfers"] == "12"


async def test_every_instrument_is_exported_when_the_process_ends(world: World) -> None:
    async with Collector() as collector:
        registry = metrics.Registry()
        registry.counter("cache.hits").add(3)
        registry.gauge("provider.up", lambda: 1.0, {"provider": "hub88_style"})
        for seconds in (0.003, 0.003, 60.0):
            registry.histogram("commit.duration", {"shard": "1"}).observe(seconds)
        telemetry.start("wallet_svc", f"127.0.0.1:{collector.port}", registry)
        await telemetry.stop(timeout_s=30)
    counted = collector.metrics["cache.hits"].sum
    assert (counted.is_monotonic, counted.data_points[0].as_int) == (True, 3)
    up = collector.metrics["provider.up"].gauge.data_points[0]
    assert (up.as_double, attributes(up)) == (1.0, {"provider": "hub88_style"})
    point = collector.metrics["commit.duration"].histogram.data_points[0]
    assert (point.count, point.min, point.max, point.sum) == (3, 0.003, 60.0, 60.006)
    assert sum(point.bucket_counts) == 3
    assert point.bucket_counts[list(point.explicit_bounds).index(0.005)] == 2
    assert point.bucket_counts[-1] == 1
    assert collector.metrics["commit.duration"].unit == "s"


async def test_a_collector_that_is_not_there_holds_up_neither_calls_nor_the_end(world: World) -> None:
    telemetry.start("wallet_svc", f"127.0.0.1:{free_port()}", metrics.Registry())
    exporter = telemetry._exporter
    assert exporter is not None
    try:
        async with serving(world) as running:
            stub = await running.stub()
            began = time.monotonic()
            for _ in range(20):
                await stub.Unary(GOOD, timeout=20)
            # An export waits for a second and more; twenty calls that wait for one would take longer than all this.
            assert time.monotonic() - began < 10
    finally:
        began = time.monotonic()
        await telemetry.stop(timeout_s=1.0)
        assert time.monotonic() - began < 8
        # A process would be gone by now. Here its last attempt would go on beside other tests.
        exporter._metrics.shutdown()
        exporter._thread.join(15)
        assert not exporter._thread.is_alive()


def test_without_a_collector_there_are_no_interceptors_and_spans_do_nothing() -> None:
    telemetry.start("wallet_svc", "")
    with telemetry.span("commit"):
        assert telemetry.server_interceptors() == []
        assert telemetry.client_interceptors() == []
