"""A small real service behind the real server: it does to a `Money` what the test says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from mesh import metrics, server
from mesh.channels import channel, secure_channel
from mesh.dev.secrets import Authority, write_workload
from mesh.identity import Policy
from mesh.money import to_minor, to_text
from mesh.settings import ProcessSettings
from mesh.status import DETAILS_KEY, read_error
from mesh.tls import Tls
from pitboss.type.v1.money_pb2 import Money

SERVICE = "pitboss.test.v1.EchoService"
ANYBODY = ("gateway", "platform", "session_svc", "wallet_svc", "provider_adapters/*")
GOOD = Money(currency_code="EUR", amount="12.50")

Unary = Callable[[Money, Any], Awaitable[Money]]


async def echo(request: Money, context: Any) -> Money:
    return request


async def count(request: Money, context: Any) -> AsyncIterator[Money]:
    for number in range(3):
        yield Money(currency_code=request.currency_code, amount=str(number))


async def total(requests: AsyncIterator[Money], context: Any) -> Money:
    amounts = [to_minor(request.amount, 2) async for request in requests]
    return Money(currency_code="EUR", amount=to_text(sum(amounts), 2))


async def mirror(requests: AsyncIterator[Money], context: Any) -> AsyncIterator[Money]:
    async for request in requests:
        yield request


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """What each method of the service does."""

    unary: Unary = echo
    sending: Callable[[Money, Any], AsyncIterator[Money]] = count
    reading: Callable[[AsyncIterator[Money], Any], Awaitable[Money]] = total
    both: Callable[[AsyncIterator[Money], Any], AsyncIterator[Money]] = mirror


def add_to_server(servicer: Echo, target: Any) -> None:
    """As generated code does it."""
    wire: dict[str, Any] = {"request_deserializer": Money.FromString, "response_serializer": Money.SerializeToString}
    handlers: dict[str, Any] = {
        "Unary": grpc.unary_unary_rpc_method_handler(servicer.unary, **wire),
        "Sending": grpc.unary_stream_rpc_method_handler(servicer.sending, **wire),
        "Reading": grpc.stream_unary_rpc_method_handler(servicer.reading, **wire),
        "Both": grpc.stream_stream_rpc_method_handler(servicer.both, **wire),
    }
    target.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    target.add_registered_method_handlers(SERVICE, handlers)


class EchoStub:
    """As generated code does it."""

    def __init__(self, through: grpc.aio.Channel) -> None:
        wire: dict[str, Any] = {
            "request_serializer": Money.SerializeToString,
            "response_deserializer": Money.FromString,
        }
        self.Unary: Any = through.unary_unary(f"/{SERVICE}/Unary", **wire)
        self.Sending: Any = through.unary_stream(f"/{SERVICE}/Sending", **wire)
        self.Reading: Any = through.stream_unary(f"/{SERVICE}/Reading", **wire)
        self.Both: Any = through.stream_stream(f"/{SERVICE}/Both", **wire)


def parts(echo_service: Echo | None = None, policy: Policy | None = None, **more: Any) -> server.Parts:
    """A process with only the echo service."""
    service = server.Service(name=SERVICE, add=add_to_server, servicer=echo_service or Echo())
    return server.Parts(services=[service], policy=policy or Policy({SERVICE: ANYBODY}), **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A certificate authority, and what it issues."""

    folder: Path
    authority: Authority = field(default_factory=lambda: Authority.create("test mesh"))

    def tls(self, workload: str) -> Tls:
        return Tls.load(self.tls_dir(workload))

    def tls_dir(self, workload: str) -> Path:
        return write_workload(self.folder, self.authority, workload)

    def settings(self, **changes: Any) -> ProcessSettings:
        ours = ProcessSettings(
            listen="127.0.0.1:0",
            environment="development",
            tls_dir=self.tls_dir("wallet_svc"),
            notice_seconds=0.0,
            drain_seconds=1.0,
        )
        return replace(ours, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server under test and a way to call it."""

    world: World
    port: int
    settings: ProcessSettings
    mesh: server.MeshServer
    registry: metrics.Registry
    channels: contextlib.AsyncExitStack

    async def channel(self, workload: str = "platform") -> grpc.aio.Channel:
        address = f"localhost:{self.port}"
        opened = (
            channel(address, self.settings, workload=workload)
            if self.settings.insecure_loopback
            else secure_channel(address, self.world.tls(workload))
        )
        return await self.channels.enter_async_context(opened)

    async def stub(self, workload: str = "platform") -> Any:
        """A stub whose connection stands."""
        opened = await self.channel(workload)
        await asyncio.wait_for(opened.channel_ready(), 60)
        return EchoStub(opened)

    def calls(self, method: str, code: str) -> int:
        """How many calls of a method ended with a code, as the metrics have it."""
        labels = {"rpc.service": SERVICE, "rpc.method": method, "rpc.grpc.status_code": code}
        return self.registry.histogram("rpc.server.duration", labels).count


@contextlib.asynccontextmanager
async def serving(
    world: World, echo_service: Echo | None = None, policy: Policy | None = None, **changes: Any
) -> AsyncIterator[Running]:
    """The echo service on a free port of this computer."""
    settings, registry = world.settings(**changes), metrics.Registry()
    mesh = server.MeshServer(settings, parts(echo_service, policy), registry)
    port = await mesh.start()
    try:
        async with contextlib.AsyncExitStack() as channels:
            yield Running(world=world, port=port, settings=settings, mesh=mesh, registry=registry, channels=channels)
    finally:
        await mesh.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A failed call, as its caller sees it."""

    code: str
    reason: str
    metadata: Mapping[str, str]
    violations: tuple[tuple[str, str], ...]
    retry_after: float | None
    raw: str


async def refusal(call: Awaitable[Any]) -> Refusal:
    """The failure of a call that must fail."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        told = read_error(error)
        return Refusal(
            code=told.code.name,
            reason=told.reason.removeprefix("ERROR_REASON_"),
            metadata=told.metadata,
            violations=told.violations,
            retry_after=told.retry_after,
            raw=f"{error.details()} {error.trailing_metadata()}",
        )
    raise AssertionError("the call was served")


async def collect(call: Any) -> list[str]:
    """The amounts of a stream of answers."""
    return [answer.amount async for answer in call]


def domains(error: grpc.aio.AioRpcError) -> list[str]:
    """Domains of every ErrorInfo of a failure, read without our own code."""
    trailing: Any = error.trailing_metadata()
    status = status_pb2.Status.FromString(dict(trailing)[DETAILS_KEY])
    info = error_details_pb2.ErrorInfo()
    return [info.domain for detail in status.details if detail.Unpack(info)]
