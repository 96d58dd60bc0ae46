"""Servers that stand behind the gateway in these tests and remember what reached them."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One RPC that arrived."""

    path: str
    request: bytes
    metadata: dict[str, str]
    remaining_s: float


Behaviour = Callable[[grpc.ServicerContext], bytes]


class GrpcUpstream(grpc.GenericRpcHandler):
    """A real gRPC server for any method; `behave` says what a method answers."""

    def __init__(self, port: int, credentials: grpc.ServerCredentials) -> None:
        self.calls: list[Call] = []
        self.behave: dict[str, Behaviour] = {}
        self._server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers([self])
        probe = health.HealthServicer()
        probe.set("", health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(probe, self._server)
        if self._server.add_secure_port(f"127.0.0.1:{port}", credentials) != port:
            message = f"port {port} is taken"
            raise OSError(message)

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop(0).wait()

    def service(self, handler_call_details: Any) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        path = handler_call_details.method
        if path.startswith("/grpc."):
            return None
        if "Watch" in path:
            return grpc.unary_stream_rpc_method_handler(lambda request, context: self._stream(path, request, context))
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._answer(path, request, context))

    def _answer(self, path: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        metadata = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
        self.calls.append(Call(path=path, request=request, metadata=metadata, remaining_s=context.time_remaining()))
        behaviour = self.behave.get(path)
        return behaviour(context) if behaviour else b""

    def _stream(self, path: str, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        for _ in range(3):
            yield self._answer(path, request, context)
            time.sleep(0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One HTTP request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class HttpUpstream:
    """A real HTTP server in the place of an adapter's callback server."""

    port: int
    status: int = 200
    requests: list[Arrived] = field(default_factory=list)
    _server: http.server.ThreadingHTTPServer | None = None

    def start(self) -> None:
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._reply(200, b"ok")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {key.lower(): value for key, value in self.headers.items()}
                upstream.requests.append(Arrived(method="POST", path=self.path, headers=headers, body=body))
                self._reply(upstream.status, b'{"status":"OK"}')

            def _reply(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
