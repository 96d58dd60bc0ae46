"""TCP lines that can be cut at the worst moment: between wallet and PostgreSQL, and between client and wallet."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Literal

Moment = Literal["before", "half", "during", "swallow", "hang"]
"""Before the commit is passed on; half of it passed on; passed on, the caller hung up on at once; done and answered, and
the answer kept back: with the line cut, or with the line left open and silent."""

_HEADER = struct.Struct("!I")
_ENCRYPTION = (_HEADER.pack(80877103), _HEADER.pack(80877104))
_MARK = b"INSERT INTO transfer"


class Watch:
    """Reads the client's half of PostgreSQL's protocol, as far as is needed to see a commit go by."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._started = False
        self._statements: set[bytes] = set()

    def sees_commit(self, data: bytes) -> bool:
        """Whether one of the messages in these bytes executes the statement that commits a batch."""
        self._buffer += data
        seen = False
        while (message := self._next()) is not None:
            seen = self._is_commit(*message) or seen
        return seen

    def _next(self) -> tuple[bytes, bytes] | None:
        head = 1 if self._started else 0
        if len(self._buffer) < head + _HEADER.size:
            return None
        end = head + _HEADER.unpack_from(self._buffer, head)[0]
        if len(self._buffer) < end:
            return None
        kind, body = bytes(self._buffer[:head]), bytes(self._buffer[head + _HEADER.size : end])
        del self._buffer[:end]
        # Before the start itself a client may ask for encryption, which our server declines.
        self._started = self._started or body[:4] not in _ENCRYPTION
        return kind, body

    def _is_commit(self, kind: bytes, body: bytes) -> bool:
        if kind == b"P":
            name, _, rest = body.partition(b"\0")
            self._statements.discard(name)
            if _MARK in rest:
                self._statements.add(name)
            return False
        if kind == b"B":
            return body.split(b"\0", 2)[1] in self._statements
        return kind == b"Q" and (_MARK in body or body.upper().startswith(b"COMMIT"))


class Line:
    """Listens on a port of its own and passes everything on to another one."""

    def __init__(self, target_port: int, *, watches: bool) -> None:
        self._target = target_port
        self._watches = watches
        self._server: asyncio.Server | None = None
        self._pairs: set[_Caller] = set()
        self.port = 0
        self.armed: Moment | None = None
        """What happens to the next commit (or, on a line that watches nothing, to the next bytes)."""
        self.on_commit: Callable[[], None] | None = None
        """Called, once, when a commit has been passed on."""
        self.cuts: dict[str, int] = {}

    async def open(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Caller(self, self._target, watches=self._watches), "127.0.0.1", 0
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """End everything."""
        if self._server is not None:
            self._server.close()
        self.drop()

    def lead_to(self, target_port: int) -> None:
        """New connections go to another port from now on."""
        self._target = target_port

    def drop(self) -> None:
        """Cut every connection."""
        for pair in list(self._pairs):
            pair.cut()

    def note(self, moment: str) -> None:
        """A cut happened."""
        self.cuts[moment] = self.cuts.get(moment, 0) + 1

    def enter(self, pair: _Caller) -> None:
        """A connection begins."""
        self._pairs.add(pair)

    def leave(self, pair: _Caller) -> None:
        """A connection has ended."""
        self._pairs.discard(pair)


class _Caller(asyncio.Protocol):
    """The side of whoever connected; it owns the other side."""

    def __init__(self, line: Line, target_port: int, *, watches: bool) -> None:
        self._line, self._target_port = line, target_port
        self._watch = Watch() if watches else None
        self._waiting = bytearray()
        self._transport: asyncio.Transport | None = None
        self._other: _Target | None = None
        self._connecting: asyncio.Task[None] | None = None
        self.silent = False
        self.cut_on_answer = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._line.enter(self)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            _, other = await asyncio.get_running_loop().create_connection(
                lambda: _Target(self), "127.0.0.1", self._target_port
            )
        except OSError:
            self.cut()
            return
        self._other = other
        if self._waiting:
            other.write(bytes(self._waiting))
            self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        line = self._line
        moment = self._watch is None or self._watch.sees_commit(data)
        if moment and line.armed is not None:
            data = self._disturb(data)
        self._pass_on(data)
        if moment and line.on_commit is not None:
            tell, line.on_commit = line.on_commit, None
            asyncio.get_running_loop().call_soon(tell)

    def _disturb(self, data: bytes) -> bytes:
        """Do what is armed; returns what is still passed on."""
        moment, self._line.armed = self._line.armed or "before", None
        self._line.note(moment)
        if moment == "before":
            self.cut()
            return b""
        if moment == "half":
            self._pass_on(data[: len(data) // 2])
            self.cut(gently=True)
            return b""
        if moment == "during":
            self._pass_on(data)
            self.cut(gently=True)
            return b""
        self.silent = moment == "hang"
        self.cut_on_answer = moment == "swallow"
        return data

    def _pass_on(self, data: bytes) -> None:
        if not data:
            return
        if self._other is None:
            self._waiting += data
        else:
            self._other.write(data)

    def answer(self, data: bytes) -> None:
        """Bytes from the other side."""
        if self.cut_on_answer:
            self.cut()
        elif not self.silent and self._transport is not None:
            self._transport.write(data)

    def cut(self, *, gently: bool = False) -> None:
        """Hang up on both. Gently: what was passed on still arrives."""
        self._line.leave(self)
        if self._transport is not None:
            self._transport.abort()
        if self._other is not None:
            self._other.end(gently=gently)

    def connection_lost(self, error: Exception | None) -> None:
        self.cut(gently=True)


class _Target(asyncio.Protocol):
    """The side of the server."""

    def __init__(self, caller: _Caller) -> None:
        self._caller = caller
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._caller.answer(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._caller.cut()

    def write(self, data: bytes) -> None:
        """Pass on to the server."""
        if self._transport is not None:
            self._transport.write(data)

    def end(self, *, gently: bool) -> None:
        """Hang up."""
        if self._transport is not None:
            if gently:
                self._transport.close()
            else:
                self._transport.abort()
