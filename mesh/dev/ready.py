"""Whether a process can be used now."""

from __future__ import annotations

import contextlib
import http.client
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from mesh.tls import Tls

# A process that is starting refuses connections for a moment; gRPC would wait a second before it tries again.
_IMPATIENT = [
    ("grpc.initial_reconnect_backoff_ms", 30),
    ("grpc.min_reconnect_backoff_ms", 5_000),
    ("grpc.max_reconnect_backoff_ms", 60),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
]


class Readiness(Protocol):
    """A way to ask a process whether it is ready."""

    def check(self, timeout_s: float) -> str:
        """Empty when it is ready; otherwise what it says or why it cannot be asked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcHealth:
    """`grpc.health.v1` over mTLS, as the workload `platform`."""

    address: str
    tls: Path

    def check(self, timeout_s: float) -> str:
        """Wait for SERVING."""
        credentials = Tls.load(self.tls).channel_credentials()
        with grpc.secure_channel(self.address, credentials, options=_IMPATIENT) as channel:
            try:
                stub = health_pb2_grpc.HealthStub(channel)
                answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout_s, wait_for_ready=True)
            except grpc.RpcError as error:
                return str(error.code().name)
        serving = answer.status == health_pb2.HealthCheckResponse.SERVING
        return "" if serving else health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOk:
    """An HTTP GET that answers 200 (and, if a text is given, with this text in it)."""

    address: str
    path: str = "/healthz"
    text: str = ""

    def check(self, timeout_s: float) -> str:
        """Ask once."""
        host, _, port = self.address.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=timeout_s)
        with contextlib.closing(connection):
            try:
                connection.request("GET", self.path)
                answer = connection.getresponse()
                body = answer.read(4096).decode(errors="replace")
            except (OSError, http.client.HTTPException) as error:
                return type(error).__name__
        if answer.status != http.client.OK or self.text not in body:
            return f"{answer.status} {body.strip()[:60]}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyReady:
    """Envoy serves, and it has seen every process behind it healthy."""

    admin: str
    clusters: tuple[str, ...]

    def check(self, timeout_s: float) -> str:
        """Compare healthy with all members of each cluster."""
        if problem := HttpOk(address=self.admin, path="/ready", text="LIVE").check(timeout_s):
            return problem
        waiting = [name for name in self.clusters if not self._is_whole(name, timeout_s)]
        return f"waits for {', '.join(waiting)}" if waiting else ""

    def _is_whole(self, cluster: str, timeout_s: float) -> bool:
        counts = _get(self.admin, f"/stats?filter=^cluster\\.{cluster}\\.membership_(healthy|total)$", timeout_s)
        numbers = [line.rpartition(": ")[2] for line in counts.splitlines()]
        return len(numbers) == 2 and numbers[0] == numbers[1]  # noqa: PLR2004 - the two counts


def _get(address: str, path: str, timeout_s: float) -> str:
    host, _, port = address.rpartition(":")
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=timeout_s)) as connection:
        connection.request("GET", path)
        return connection.getresponse().read().decode(errors="replace")
