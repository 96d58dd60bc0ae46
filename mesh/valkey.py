"""One connection to Valkey that any number of tasks share: commands are pipelined, replies come in order.

A general client takes five times the processor time for each command and half a second more to import; the cache needs
five commands. A command that was given up does not disturb the others: its reply is read and dropped.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import hiredis

_DEFAULT_PORT = 6379
_MOST_WAITING = 4_096

Word = str | int | float | bytes | memoryview
Reply = Any
"""bytes, int, None, or a list of them."""


class ValkeyError(Exception):
    """Valkey is not there, or does not do what it is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is, and how to be let in."""

    host: str
    port: int
    user: str
    password: str
    database: str
    tls: bool

    @classmethod
    def parse(cls, url: str) -> Self:
        """From redis://user:password@host:port/database; rediss:// is TLS."""
        parts = urlsplit(url)
        if parts.scheme not in {"redis", "rediss", "valkey", "valkeys"} or not parts.hostname:
            raise ValueError("the address of the cache must look like redis://:password@host:port/0")
        return cls(
            host=parts.hostname,
            port=parts.port or _DEFAULT_PORT,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=parts.path.strip("/") or "0",
            tls=parts.scheme.endswith("ss") or parts.scheme == "valkeys",
        )

    def greeting(self) -> list[tuple[str, ...]]:
        """Commands that open a session."""
        login = ("AUTH", self.user, self.password) if self.user else ("AUTH", self.password)
        return [*([login] if self.password else []), ("SELECT", self.database)]


class Connection(asyncio.Protocol):
    """A connected socket. Ends with the first sign of trouble; its owner makes a new one."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader()
        self._waiting: deque[asyncio.Future[Reply]] = deque()
        self._transport: asyncio.WriteTransport | None = None

    @classmethod
    async def open(cls, address: Address) -> Connection:
        """Connect and log in."""
        loop = asyncio.get_running_loop()
        context = ssl.create_default_context() if address.tls else None
        try:
            _, connection = await loop.create_connection(cls, address.host, address.port, ssl=context)
        except OSError as error:
            raise ValkeyError(error.strerror or "cannot connect") from error
        try:
            await asyncio.gather(*[connection.send(*command) for command in address.greeting()])
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def usable(self) -> bool:
        """False once the connection has ended."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, *command: Word) -> asyncio.Future[Reply]:
        """Send a command; the future has its reply, or a `ValkeyError`."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        if self._transport is None or not self.usable or len(self._waiting) >= _MOST_WAITING:
            future.set_exception(ValkeyError("no connection, or too much under way"))
        else:
            self._waiting.append(future)
            # The stub means tuple[..., ...].
            self._transport.write(hiredis.pack_command(command))  # type: ignore[arg-type]
        return future

    def close(self) -> None:
        """End at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by the loop: hand each reply to the oldest command without one."""
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not False:
                self._settle(reply)
        except hiredis.ProtocolError:
            self.close()

    def _settle(self, reply: Reply) -> None:
        future = self._waiting.popleft()
        if future.done():
            return
        if isinstance(reply, hiredis.ReplyError):
            # Only the first word: the rest may repeat what was sent.
            future.set_exception(ValkeyError(str(reply).partition(" ")[0]))
        else:
            future.set_result(reply)

    def connection_lost(self, _error: Exception | None) -> None:
        """Called by the loop: nothing that still waits will be answered."""
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(ValkeyError("connection lost"))
