from __future__ import annotations

import asyncio
from typing import Any

import pytest

from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import HttpReply, HttpRequest, current_request_id
from provider_adapters._kit.http_server import Callbacks, HttpApp
from provider_adapters._kit.ports import Problem

LIMIT = 10


class Echo:
    """An adapter that answers with what it was given."""

    def __init__(self) -> None:
        self.crash = False
        self.wait: asyncio.Event | None = None
        self.seen: list[HttpRequest] = []

    async def callback(self, request: HttpRequest, budget: Budget) -> HttpReply:
        self.seen.append(request)
        if self.crash:
            raise RuntimeError("secret detail")
        if self.wait:
            await self.wait.wait()
        return HttpReply(body=request.body, headers=(("x-id", current_request_id()),), code="OK")

    def refuse(self, problem: Problem, request: HttpRequest) -> HttpReply:
        return HttpReply(status=200, body=problem.value.encode())


class Server:
    """Speaks ASGI to the application."""

    def __init__(self, *, budget_s: float = 1.0) -> None:
        self.adapter = Echo()
        callbacks = Callbacks("p", self.adapter, at_once=2)  # type: ignore[arg-type]
        self.app = HttpApp(callbacks.handle, self.adapter.refuse, max_body_bytes=LIMIT, budget_s=budget_s)

    async def send(
        self, *chunks: bytes, path: str = "/x", hang_up: bool = False, stall: bool = False, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"a=1",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 5),
        }
        waiting: list[dict[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks[:-1]
        ]
        last: dict[str, Any] = {"type": "http.request", "body": chunks[-1] if chunks else b""}
        if hang_up:
            last = {"type": "http.disconnect"}
        waiting.append(last)
        sent: list[Any] = []

        async def receive() -> Any:
            if stall and len(waiting) == 1:
                await asyncio.Event().wait()
            return waiting.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], told, sent[1]["body"]


async def test_the_body_arrives_byte_for_byte_however_it_is_cut() -> None:
    server = Server()
    status, headers, body = await server.send(b"\x00\xff", b"", b" {}")
    assert (status, body, headers["content-length"]) == (200, b"\x00\xff {}", "5")
    assert server.adapter.seen[0].query == b"a=1"


async def test_the_request_id_of_the_edge_is_kept_and_a_strange_one_replaced() -> None:
    server = Server()
    _, headers, _ = await server.send(b"", x_request_id="0192f5a0-1111")
    assert headers["x-id"] == "0192f5a0-1111"
    _, headers, _ = await server.send(b"", x_request_id="<script>")
    assert len(headers["x-id"]) == 36


@pytest.mark.parametrize("chunks", [(b"x" * (LIMIT + 1),), (b"x" * LIMIT, b"x")])
async def test_a_body_above_the_limit_is_refused_unread(chunks: tuple[bytes, ...]) -> None:
    server = Server()
    assert (await server.send(*chunks))[2] == b"too_large"
    assert server.adapter.seen == []


async def test_a_sender_that_hangs_up_half_way_reaches_no_adapter() -> None:
    server = Server()
    assert (await server.send(b"x", b"y", hang_up=True))[2] == b"not_parseable"
    assert server.adapter.seen == []


async def test_a_sender_that_is_too_slow_may_send_it_again_and_reaches_no_adapter() -> None:
    server = Server(budget_s=0.05)
    assert (await server.send(b"x", b"y", stall=True))[2] == b"overloaded"
    assert server.adapter.seen == []


async def test_a_crash_is_told_in_the_providers_words_without_its_details() -> None:
    server = Server()
    server.adapter.crash = True
    assert (await server.send(b""))[2] == b"internal"


async def test_more_callbacks_than_fit_are_told_to_come_again() -> None:
    server = Server()
    server.adapter.wait = asyncio.Event()
    running = [asyncio.create_task(server.send(b"a")) for _ in range(2)]
    await asyncio.sleep(0)
    assert (await server.send(b"b"))[2] == b"overloaded"
    server.adapter.wait.set()
    assert [body for _, _, body in await asyncio.gather(*running)] == [b"a", b"a"]


async def test_healthz_needs_no_adapter() -> None:
    server = Server()
    assert (await server.send(b"", path="/healthz"))[0] == 200
    assert server.adapter.seen == []


async def test_no_query_and_no_body_is_in_the_access_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    await Server().send(b"SECRET")
    assert "callback" in caplog.text
    assert "SECRET" not in caplog.text
    assert "a=1" not in caplog.text
