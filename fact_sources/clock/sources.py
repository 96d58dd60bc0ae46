"""Sources of time over their wires: a database server, time servers, the kernel. What goes wrong is an error, never a time."""

import asyncio
import secrets
import socket

import psycopg

from fact_sources.clock import kernel, ntp
from fact_sources.clock.measuring import Sample, most_exact
from mesh.clock import Clock
from mesh.clock_report import Report
from mesh.database import PromptConnection, connect_prompt
from mesh.settings import split_address

_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
TROUBLES = (OSError, ntp.SilentError, psycopg.Error, TimeoutError)
"""What a source raises that is silent."""
QUESTIONS = 4
"""In one measurement; the fastest answer counts."""


class DatabaseTime:
    """The clock of a PostgreSQL server."""

    def __init__(self, url: str, clock: Clock, *, max_error_us: int) -> None:
        self._url, self._clock, self._max_error_us = url, clock, max_error_us
        self._connection: PromptConnection | None = None
        self.name = "database"

    async def measure(self) -> Report | None:
        """Compare. Errors: those of `TROUBLES`."""
        try:
            if self._connection is None:
                self._connection = await connect_prompt(self._url, name="clock")
            samples = [await self._ask(self._connection) for _ in range(QUESTIONS)]
        except BaseException:
            await self.close()
            raise
        return most_exact(samples, self.name, self._max_error_us)

    async def _ask(self, connection: PromptConnection) -> Sample:
        sent_us = self._clock.now_us()
        row = await (await connection.execute(_NOW)).fetchone()
        received_us = self._clock.now_us()
        assert row is not None
        return Sample(sent_us=sent_us, answered_us=int(row[0]), received_us=received_us)

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None


class NtpTime:
    """A time server."""

    def __init__(self, address: str, clock: Clock, *, max_error_us: int) -> None:
        self._address, self._clock, self._max_error_us = split_address(address), clock, max_error_us
        self.name = f"ntp/{address}"

    async def measure(self) -> Report | None:
        """Compare. Errors: those of `TROUBLES`."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as opened:
            opened.settimeout(0)
            # Connected, so that answers of others do not arrive.
            await loop.sock_connect(opened, address)
            samples = [await self._ask(loop, opened) for _ in range(QUESTIONS)]
        return most_exact(samples, self.name, self._max_error_us)

    async def _ask(self, loop: asyncio.AbstractEventLoop, opened: socket.socket) -> Sample:
        cookie = secrets.randbits(64)
        sent_us = self._clock.now_us()
        await loop.sock_sendall(opened, ntp.question(cookie))
        answer = await loop.sock_recv(opened, 1024)
        received_us = self._clock.now_us()
        said = ntp.read(answer, cookie, received_us)
        return Sample(
            sent_us=sent_us, answered_us=said.answered_us, received_us=received_us, source_error_us=said.error_us
        )

    async def close(self) -> None:
        """Nothing stays open."""


class KernelTime:
    """What the kernel knows of its own clock."""

    def __init__(self, clock: Clock, *, max_error_us: int) -> None:
        self._clock, self._max_error_us = clock, max_error_us
        self.name = kernel.SOURCE

    async def measure(self) -> Report | None:
        """Read it. Errors: those of `TROUBLES`."""
        found = kernel.read(*kernel.ask(), self._clock.now_us())
        return found if found is not None and found.error_us <= self._max_error_us else None

    async def close(self) -> None:
        """Nothing stays open."""
