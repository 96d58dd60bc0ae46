"""The studio's connections to the callback address, and the ways in which a connection can fail on purpose.

A small HTTP client of our own: a simulator must be able to hang up in the middle of an answer, and must not
spend more time on sending a message than the mesh spends on deciding it.
"""

import asyncio
import ssl
import time
from typing import Protocol, cast
from urllib.parse import SplitResult, urlsplit

import httptools

from provider_adapters._kit.http import HttpReply, HttpRequest
from provider_adapters._kit.studio.plan import Mishap

_IMPATIENT_S = 0.004
_LARGEST_REPLY = 1024 * 1024


class NoAnswerError(Exception):
    """No whole answer came. The text is a short code for statistics."""


class Sender(Protocol):
    """Somewhere to send signed messages."""

    async def send(self, request: HttpRequest, mishap: Mishap = Mishap.NONE) -> HttpReply:
        """The whole answer, or NoAnswerError."""
        ...


class CallbackLine:
    """Sends signed messages, each connection used again and again."""

    def __init__(self, callback_url: str, *, timeout_s: float) -> None:
        self._url = urlsplit(callback_url)
        self._timeout_s = timeout_s
        self._idle: list[_Connection] = []

    async def close(self) -> None:
        """Close every connection that is not in use."""
        while self._idle:
            self._idle.pop().hang_up()

    async def send(self, request: HttpRequest, mishap: Mishap = Mishap.NONE) -> HttpReply:
        """The whole answer, or NoAnswerError."""
        limit = _IMPATIENT_S if mishap is Mishap.IMPATIENT else self._timeout_s
        try:
            async with asyncio.timeout(limit):
                return await self._exchange(request, lose=mishap is Mishap.LOST_REPLY)
        except TimeoutError:
            raise NoAnswerError("timeout") from None
        except (OSError, httptools.HttpParserError) as error:
            raise NoAnswerError(type(error).__name__) from error

    async def _exchange(self, request: HttpRequest, *, lose: bool) -> HttpReply:
        connection = await self._connection()
        try:
            connection.ask(message(self._url, request))
            await connection.answer_begins()
            # The head of the answer means that the other side has decided. Hanging up now loses the rest for good.
            reply = None if lose else await connection.answer_ends()
        except BaseException:
            connection.hang_up()
            raise
        if reply is None:
            connection.hang_up()
            raise NoAnswerError("lost_reply")
        if connection.may_be_used_again():
            self._idle.append(connection)
        else:
            connection.hang_up()
        return reply

    async def _connection(self) -> "_Connection":
        while self._idle:
            connection = self._idle.pop()
            if connection.may_be_used_again():
                return connection
        encrypted = self._url.scheme == "https"
        port = self._url.port or (443 if encrypted else 80)
        context = ssl.create_default_context() if encrypted else None
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._url.hostname or "", port, ssl=context)
        return connection


def message(url: SplitResult, request: HttpRequest) -> bytes:
    """The bytes of a request."""
    query = f"?{request.query.decode('latin-1')}" if request.query else ""
    head = [
        f"{request.method} {url.path.rstrip('/')}{request.path}{query} HTTP/1.1",
        f"host: {url.netloc}",
        *(f"{name}: {value}" for name, value in request.headers.items()),
        f"content-length: {len(request.body)}",
        "\r\n",
    ]
    return "\r\n".join(head).encode("latin-1") + request.body


class _Connection(asyncio.Protocol):
    """One connection; one message at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._head: asyncio.Future[None] | None = None
        self._whole: asyncio.Future[HttpReply] | None = None
        self._content_type = ""
        self._body = bytearray()
        self._kept = True
        self._lost = False

    def ask(self, data: bytes) -> None:
        """Send a request."""
        loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._head, self._whole = loop.create_future(), loop.create_future()
        self._body.clear()
        self._content_type = ""
        assert self._transport is not None
        self._transport.write(data)

    async def answer_begins(self) -> None:
        """Return when the head of the answer is here."""
        assert self._head is not None
        await self._head

    async def answer_ends(self) -> HttpReply:
        """The whole answer."""
        assert self._whole is not None
        return await self._whole

    def may_be_used_again(self) -> bool:
        """Whether the other side keeps it open."""
        return self._kept and not self._lost

    def hang_up(self) -> None:
        """Close at once; what was not read is lost."""
        self._lost = True
        self._fail(ConnectionAbortedError())
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(error)
        if len(self._body) > _LARGEST_REPLY:
            self.hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._fail(exc or ConnectionResetError())

    # -- the parser calls these

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-type":
            self._content_type = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._head is not None and not self._head.done():
            self._head.set_result(None)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._whole is not None and not self._whole.done():
            # Asked now: after the message the parser has forgotten it.
            self._kept = self._parser.should_keep_alive()
            status = self._parser.get_status_code()
            self._whole.set_result(HttpReply(status=status, body=bytes(self._body), content_type=self._content_type))

    def _fail(self, error: Exception) -> None:
        for waited in (self._head, self._whole):
            if waited is not None and not waited.done():
                waited.set_exception(error)
                # Whoever gave up waiting has nothing to hear of it any more.
                waited.exception()


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def seconds(self) -> float:
        """Until now."""
        return time.monotonic() - self._started
