"""Calls to other processes: mTLS channels with keepalive, metadata, and replicas chosen by player."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import grpc
import grpc.aio

from mesh import telemetry
from mesh.errors import DeadlineExceededError
from mesh.identity import LICENSEE_HEADER, REQUEST_ID_HEADER, SOURCE_HEADER, WORKLOAD_HEADER, peek_caller
from mesh.placement import place
from mesh.settings import ProcessSettings, split_address
from mesh.tls import Tls

Metadata = tuple[tuple[str, str], ...]
Stub = TypeVar("Stub")
Wire = Any
"""A message, a call or a continuation: gRPC's stubs cannot say more where the method is a name."""

_OPTIONS = (
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 15_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # A restarted process must be found again within a second.
    ("grpc.initial_reconnect_backoff_ms", 100),
    # For one attempt with its handshakes: a process that stands still for a moment is there. One that is gone refuses at once.
    ("grpc.min_reconnect_backoff_ms", 2_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_http_proxy", 0),
    ("grpc.service_config_disable_resolution", 1),
)
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def channel(target: str, settings: ProcessSettings, *, workload: str = "") -> grpc.aio.Channel:
    """A channel to host:port that shows the process's certificate.

    In a process without certificates, which only tests have, `workload` names the caller.
    """
    tls = Tls.of(settings)
    return secure_channel(target, tls) if tls else loopback_channel(target, workload=workload)


def secure_channel(target: str, tls: Tls) -> grpc.aio.Channel:
    """A channel to host:port that shows this certificate."""
    credentials = tls.channel_credentials()
    return grpc.aio.secure_channel(target, credentials, _OPTIONS, interceptors=telemetry.client_interceptors())


def blocking_channel(target: str, tls: Tls) -> grpc.Channel:
    """The same channel for a process that works with threads."""
    return grpc.secure_channel(target, tls.channel_credentials(), _OPTIONS)


def loopback_channel(target: str, *, workload: str = "") -> grpc.aio.Channel:
    """A plaintext channel to a server on this computer that believes names: tests, and health checks."""
    if split_address(target)[0] not in _LOOPBACK_HOSTS:
        raise ValueError(f"{target} is not on this computer and cannot be called without certificates")
    interceptors = [*telemetry.client_interceptors(), *_naming(workload)]
    return grpc.aio.insecure_channel(target, _OPTIONS, interceptors=interceptors)


def call_metadata(licensee: str | None = None, request_id: str | None = None, source: str | None = None) -> Metadata:
    """Metadata for a call. Without a request id, that of the call being served goes on."""
    if request_id is None and (caller := peek_caller()) is not None:
        request_id = caller.request_id
    pairs = ((LICENSEE_HEADER, licensee), (REQUEST_ID_HEADER, request_id), (SOURCE_HEADER, source))
    return tuple((key, value) for key, value in pairs if value)


class AffinityStub(Generic[Stub]):
    """Sends the calls of one player to one replica, and to the next one while that is UNAVAILABLE.

    Trying again is safe for writes because every write carries its key.
    """

    def __init__(self, channels: Sequence[grpc.aio.Channel], stub: Callable[[grpc.aio.Channel], Stub]) -> None:
        self._stubs = [stub(channel) for channel in channels]

    def order(self, licensee: str, player: str) -> list[Stub]:
        """Every replica, the player's own first."""
        first = place(licensee, player, len(self._stubs))
        return self._stubs[first:] + self._stubs[:first]

    async def call(
        self,
        method: str,
        request: Wire,
        *,
        licensee: str,
        player: str,
        timeout_s: float,
        metadata: Metadata | None = None,
    ) -> Wire:
        """Call a unary method of the stub, within `timeout_s` over all attempts."""
        deadline = time.monotonic() + timeout_s
        metadata = call_metadata(licensee) if metadata is None else metadata
        *others, last = self.order(licensee, player)
        for stub in others:
            try:
                return await getattr(stub, method)(request, timeout=_left(deadline, method), metadata=metadata)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
        return await getattr(last, method)(request, timeout=_left(deadline, method), metadata=metadata)


def _left(deadline: float, method: str) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineExceededError(method=method)
    return left


def _naming(workload: str) -> list[grpc.aio.ClientInterceptor]:
    """Interceptors that put the caller's name where a certificate would be."""
    if not workload:
        return []

    def named(details: grpc.aio.ClientCallDetails) -> grpc.aio.ClientCallDetails:
        metadata = grpc.aio.Metadata(*(details.metadata or ()), (WORKLOAD_HEADER, workload))
        return details._replace(metadata=metadata)  # type: ignore[attr-defined,no-any-return]

    class UnaryUnary(grpc.aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation: Wire, client_call_details: Wire, request: Wire) -> Wire:
            return await continuation(named(client_call_details), request)

    class UnaryStream(grpc.aio.UnaryStreamClientInterceptor):
        async def intercept_unary_stream(self, continuation: Wire, client_call_details: Wire, request: Wire) -> Wire:
            return await continuation(named(client_call_details), request)

    class StreamUnary(grpc.aio.StreamUnaryClientInterceptor):
        async def intercept_stream_unary(
            self, continuation: Wire, client_call_details: Wire, request_iterator: Wire
        ) -> Wire:
            return await continuation(named(client_call_details), request_iterator)

    class StreamStream(grpc.aio.StreamStreamClientInterceptor):
        async def intercept_stream_stream(
            self, continuation: Wire, client_call_details: Wire, request_iterator: Wire
        ) -> Wire:
            return await continuation(named(client_call_details), request_iterator)

    return [UnaryUnary(), UnaryStream(), StreamUnary(), StreamStream()]
