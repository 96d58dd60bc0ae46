"""The HTTP server that providers call: one raw ASGI application on the process's own event loop.

No framework: the body must stay byte for byte, and errors must be in the provider's own words.
"""

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import uuid_utils
import uvicorn

from mesh import logs, metrics
from mesh.settings import split_address
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest, set_current_request_id
from provider_adapters._kit.ports import Adapter, Problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_log = logs.get("callbacks")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


class BodyTooLargeError(Exception):
    """More bytes than the manifest allows."""


class BodyIncompleteError(Exception):
    """The sender hung up."""


class HttpApp:
    """ASGI: reads a bounded body, asks `handle`, writes the reply. Knows no provider."""

    def __init__(
        self,
        handle: Callable[[HttpRequest, Budget], Awaitable[HttpReply]],
        refuse: Callable[[Problem, HttpRequest], HttpReply],
        *,
        max_body_bytes: int,
        budget_s: float,
    ) -> None:
        self._handle = handle
        self._refuse = refuse
        self._max_body_bytes = max_body_bytes
        self._budget_s = budget_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        reply = await self._answer(scope, receive)
        headers = [
            (b"content-type", reply.content_type.encode("latin-1")),
            (b"content-length", str(len(reply.body)).encode("ascii")),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers),
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: Scope, receive: Receive) -> HttpReply:
        if scope["path"] == "/healthz":
            return HttpReply(body=b"ok\n", content_type="text/plain", code="ok")
        budget = Budget.of(self._budget_s)
        try:
            async with asyncio.timeout(budget.remaining()):
                body = await _read_body(receive, self._max_body_bytes)
        except BodyTooLargeError:
            return self._refuse(Problem.TOO_LARGE, _request(scope, b""))
        except BodyIncompleteError:
            return self._refuse(Problem.NOT_PARSEABLE, _request(scope, b""))
        except TimeoutError:
            # A slow line says nothing about the message, and nothing of it was looked at: it may come again.
            return self._refuse(Problem.OVERLOADED, _request(scope, b""))
        return await self._handle(_request(scope, body), budget)


async def _read_body(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyIncompleteError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLargeError
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _request(scope: Scope, body: bytes) -> HttpRequest:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    given = headers.get("x-request-id", "")
    client = scope.get("client")
    return HttpRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"],
        headers=headers,
        body=body,
        request_id=given if _REQUEST_ID.fullmatch(given) else str(uuid_utils.uuid7()),
        peer=client[0] if client else "",
    )


class Callbacks:
    """Runs an adapter's callbacks: bounded in number, logged, and never without an answer."""

    def __init__(self, provider: str, adapter: Adapter, *, at_once: int) -> None:
        self._provider = provider
        self._adapter = adapter
        self._at_once = at_once
        self._running = 0
        self._durations: dict[str, metrics.Histogram] = {}

    async def handle(self, request: HttpRequest, budget: Budget) -> HttpReply:
        """Answer one callback and write its line into the access log."""
        started = time.monotonic()
        set_current_request_id(request.request_id)
        reply = await self._answer(request, budget)
        seconds = time.monotonic() - started
        self._duration_of(reply.code).observe(seconds)
        _log.info(
            "callback",
            provider=self._provider,
            method=request.method,
            path=request.path,
            status=reply.status,
            code=reply.code,
            milliseconds=round(seconds * 1000, 2),
            request_id=request.request_id,
        )
        return reply

    def _duration_of(self, code: str) -> metrics.Histogram:
        found = self._durations.get(code)
        if found is None:
            found = self._durations[code] = metrics.histogram("callback_seconds", provider=self._provider, code=code)
        return found

    async def _answer(self, request: HttpRequest, budget: Budget) -> HttpReply:
        if self._running >= self._at_once:
            return self._adapter.refuse(Problem.OVERLOADED, request)
        self._running += 1
        try:
            return await self._adapter.callback(request, budget)
        except Exception as error:  # noqa: BLE001 - the provider must get an answer in its own words
            _log.error("callback crashed", provider=self._provider, error=error, request_id=request.request_id)
            return self._adapter.refuse(Problem.INTERNAL, request)
        finally:
            self._running -= 1


class _QuietServer(uvicorn.Server):
    """Leaves signals to the process, which drains gRPC and HTTP together."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """uvicorn on a socket of ours."""

    def __init__(self, app: HttpApp, listen: str, *, drain_seconds: float) -> None:
        host, port = split_address(listen)
        self._socket = socket.create_server((host, port), backlog=1024, reuse_port=False)
        self._socket.settimeout(0)
        self._server = _QuietServer(
            uvicorn.Config(
                app,
                http="httptools",
                loop="none",
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=max(1, round(drain_seconds)),
            )
        )

    @property
    def port(self) -> int:
        """The port that was bound."""
        port: int = self._socket.getsockname()[1]
        return port

    async def serve(self) -> None:
        """Serve until cancelled; then let the calls in flight end first."""
        running = asyncio.ensure_future(self._server.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            self._server.should_exit = True
            await running
            raise
