"""The studio's connections, against a server that answers what the test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.studio.line import CallbackLine, NoAnswerError
from provider_adapters._kit.studio.plan import Mishap

MESSAGE = HttpRequest(method="POST", path="/bet", headers={"x-sign": "abc"}, body=b"\x00\xff{}")
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Server:
    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.answers: list[bytes] = [OK]
        self.close_after = False
        self.port = 0
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while await self._answer(reader, writer) and not self.close_after:
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.open -= 1

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head + await reader.readexactly(4))
        for part in self.answers:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.005)
        return True


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()
    async with asyncio.timeout(30):
        while made.open:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.01)


@pytest.fixture
async def line(server: Server) -> AsyncIterator[CallbackLine]:
    made = CallbackLine(f"http://127.0.0.1:{server.port}/hub/", timeout_s=30)
    yield made
    await made.close()


@pytest.fixture
async def hasty(server: Server) -> AsyncIterator[CallbackLine]:
    """A line that waits half a second for an answer."""
    made = CallbackLine(f"http://127.0.0.1:{server.port}/hub/", timeout_s=0.5)
    yield made
    await made.close()


async def test_the_bytes_go_out_as_they_are_and_the_answer_comes_back(server: Server, line: CallbackLine) -> None:
    reply = await line.send(MESSAGE)
    assert (reply.status, reply.body, reply.content_type) == (200, b"{}", "application/json")
    (request,) = server.requests
    assert request.startswith(b"POST /hub/bet HTTP/1.1\r\n")
    assert b"\r\nx-sign: abc\r\n" in request
    assert request.endswith(b"content-length: 4\r\n\r\n\x00\xff{}")


async def test_a_connection_is_used_again(server: Server, line: CallbackLine) -> None:
    for _ in range(5):
        await line.send(MESSAGE)
    assert (server.connections, len(server.requests)) == (1, 5)


async def test_a_connection_that_the_other_side_closed_is_not_used_again(server: Server, line: CallbackLine) -> None:
    server.close_after = True
    for _ in range(3):
        await line.send(MESSAGE)
        while server.open:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)
    assert server.connections == 3


async def test_an_answer_in_pieces_is_one_answer(server: Server, line: CallbackLine) -> None:
    server.answers = [OK[:10], OK[10:-1], OK[-1:]]
    assert (await line.send(MESSAGE)).body == b"{}"


async def test_a_lost_reply_reached_the_other_side_and_the_next_message_is_not_confused(
    server: Server, line: CallbackLine
) -> None:
    with pytest.raises(NoAnswerError, match="lost_reply"):
        await line.send(MESSAGE, Mishap.LOST_REPLY)
    assert len(server.requests) == 1
    assert (await line.send(MESSAGE)).body == b"{}"
    assert server.connections == 2


@pytest.mark.parametrize(
    "answers", [[], [OK[:-1]], [b"HTTP/1.1 200 OK\r\n"]], ids=["nothing", "cut off", "half a head"]
)
async def test_an_answer_that_never_ends_is_a_timeout(
    server: Server, hasty: CallbackLine, answers: list[bytes]
) -> None:
    server.answers = answers
    with pytest.raises(NoAnswerError, match="timeout"):
        await hasty.send(MESSAGE)


async def test_an_impatient_studio_does_not_wait_for_the_timeout(server: Server, line: CallbackLine) -> None:
    server.answers = []
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(NoAnswerError, match="timeout"):
        await line.send(MESSAGE, Mishap.IMPATIENT)
    assert loop.time() - began < 20


@pytest.mark.parametrize("answers", [[], [OK[:-1]], [b"\x16\x03\x01nonsense"]], ids=["nothing", "cut off", "nonsense"])
async def test_a_connection_that_breaks_is_no_answer(server: Server, line: CallbackLine, answers: list[bytes]) -> None:
    server.answers, server.close_after = answers, True
    with pytest.raises(NoAnswerError):
        await line.send(MESSAGE)


async def test_nobody_at_the_address_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="ConnectionRefusedError"):
        await CallbackLine("http://127.0.0.1:1", timeout_s=0.5).send(MESSAGE)
