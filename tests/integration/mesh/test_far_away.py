"""Whoever is far away is connected to at the first attempt; whoever is gone for a while is found again soon."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import pytest

from mesh import channels
from pitboss_sdk import _channel
from tests.integration.mesh.harness import GOOD, Echo, EchoStub, World, add_to_server
from tests.integration.mesh.waiting import until
from wallet_svc.own_wallets import doors

ONE_WAY_S = 0.3
"""From here to the other end of the world, and some more: a connection needs it several times."""
Options = Sequence[tuple[str, Any]]


@dataclass(slots=True)
class Line:
    """A long line to a port: every byte arrives, later."""

    port: int
    opened: int = 0
    address: str = ""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        for source, target in ((reader, far_writer), (far_reader, writer)):
            self.tasks.add(asyncio.create_task(self.carry(source, target)))

    async def carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await asyncio.sleep(ONE_WAY_S)
                target.write(data)
        finally:
            target.close()


@contextlib.asynccontextmanager
async def long_line() -> AsyncIterator[Line]:
    server = grpc.aio.server()
    add_to_server(Echo(), server)
    line = Line(server.add_insecure_port("127.0.0.1:0"))
    await server.start()
    listening = await asyncio.start_server(line.connected, "127.0.0.1", 0)
    line.address = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        for task in line.tasks:
            task.cancel()
        await asyncio.gather(*line.tasks, return_exceptions=True)
        listening.close()
        await server.stop(0)


@pytest.mark.parametrize(
    "options", [channels._OPTIONS, _channel.OPTIONS, doors._OPTIONS], ids=["mesh", "sdk", "wallet"]
)
async def test_the_first_attempt_to_connect_gets_time_for_its_handshakes(options: Options) -> None:
    async with long_line() as line, grpc.aio.insecure_channel(line.address, options) as channel:
        assert await EchoStub(channel).Unary(GOOD, timeout=20) == GOOD
        assert line.opened == 1


@contextlib.contextmanager
def turning_away() -> Iterator[tuple[str, list[None]]]:
    """Takes connections and ends them at once. Gives its address and how many there were."""
    turned = list[None]()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    listening.accept()[0].close()
                    turned.append(None)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}", turned
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def called(channel: grpc.Channel) -> bool:
    """Call in vain, which makes the channel connect."""
    ask: Any = channel.unary_unary("/nobody/Answers")
    with contextlib.suppress(grpc.RpcError):
        ask(b"", timeout=0.3)
    return True


def test_a_process_of_threads_looks_again_soon_for_one_that_is_gone(world: World) -> None:
    with (
        turning_away() as (address, turned),
        channels.blocking_channel(address, world.tls("wallet_svc")) as channel,
    ):
        # Seconds with our pauses, three quarters of a minute with those of gRPC, which grow to two minutes.
        until(lambda: called(channel) and len(turned) >= 8, "eight attempts to connect", patience_s=25)


def test_a_process_of_threads_calls_no_proxy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("grpc_proxy", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_grpc_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with (
        turning_away() as (address, turned),
        channels.blocking_channel(address, world.tls("wallet_svc")) as channel,
    ):
        until(lambda: called(channel) and turned, "a connection that goes to the address itself", patience_s=20)
