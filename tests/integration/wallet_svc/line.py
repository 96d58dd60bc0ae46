"""A TCP line to PostgreSQL that a test can cut at the worst moment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from wallet_svc.domain.journal import Batch
from wallet_svc.store.log import PostgresLog

Moment = Literal["before", "during", "after"]
"""Before the server hears of the commit; after it heard, without waiting; after it has answered, unheard by the client."""


class Line:
    """Forwards bytes. `cut_next` loses the next request of a client, or the answer to it."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self.port = 0
        self.cut_next: Moment | None = None
        self.cuts = 0
        self.refusing = False
        self._calls: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = asyncio.create_task(self._serve(reader, writer))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def close(self) -> None:
        """End every connection."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(_close, writer)
            if self.refusing:
                return
            source, target = await asyncio.open_connection("127.0.0.1", self._server_port)
            # What the server has received it still does.
            stack.push_async_callback(_close, target)
            async with asyncio.TaskGroup() as group:
                both = [
                    group.create_task(self._requests(reader, target, writer)),
                    group.create_task(self._answers(source, writer)),
                ]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                for one in both:
                    one.cancel()

    async def _requests(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        while data := await _read(source):
            if self.cut_next == "before":
                self._cut(back)
                return
            target.write(data)
            await target.drain()
            if self.cut_next == "during":
                self._cut(back)
                return

    async def _answers(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await _read(source):
            if self.cut_next == "after":
                self._cut(target)
                return
            target.write(data)
            await target.drain()

    def _cut(self, client: asyncio.StreamWriter) -> None:
        self.cut_next = None
        self.cuts += 1
        client.transport.abort()


async def _read(source: asyncio.StreamReader) -> bytes:
    try:
        return await source.read(1 << 20)
    except ConnectionError:
        return b""


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def line_to(url: str) -> AsyncIterator[tuple[Line, str]]:
    """A line, and the address of the database through it."""
    parts = urlsplit(url)
    line = Line(parts.port or 5432)
    server = await asyncio.start_server(line.accept, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    user = parts.netloc.rpartition("@")[0]
    try:
        yield line, urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{line.port}"))
    finally:
        server.close()
        await line.close()


class CutLog(PostgresLog):
    """The real log, whose line is cut at one moment of its next commits."""

    def __init__(self, url: str, line: Line) -> None:
        super().__init__(url, writer="cut", statement_timeout_ms=5_000)
        self._line = line
        self.moments: list[Moment] = []

    async def commit(self, batches: Sequence[Batch], digests: Sequence[bytes]) -> set[int]:
        if self.moments:
            self._line.cut_next = self.moments.pop(0)
        return await super().commit(batches, digests)
