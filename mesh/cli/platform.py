"""Calls to services as the workload `platform`, past the gateway, for the people who run the mesh."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from mesh.cli.output import CommandError
from mesh.dev import running
from mesh.status import RemoteError, read_error
from mesh.tls import Tls

TIMEOUT_S = 5.0


@contextlib.contextmanager
def wallet_channel() -> Iterator[grpc.Channel]:
    """A channel to the first wallet that answers."""
    mesh = running.read_mesh()
    credentials = Tls.load(Path(mesh["internal"]["tls"])).channel_credentials()
    ready: SimpleQueue[grpc.Future[None]] = SimpleQueue()
    with contextlib.ExitStack() as opened:
        channels = [
            opened.enter_context(grpc.secure_channel(address, credentials)) for address in mesh["internal"]["wallet"]
        ]
        wallets = {grpc.channel_ready_future(channel): channel for channel in channels}
        for wallet in wallets:
            wallet.add_done_callback(ready.put)
        try:
            first = wallets[ready.get(timeout=TIMEOUT_S)]
        except Empty:
            message = "no wallet answers; `pitboss status` shows what is down"
            raise CommandError(message) from None
        yield first


@contextlib.contextmanager
def session_channel() -> Iterator[grpc.Channel]:
    """A channel to the session service."""
    mesh = running.read_mesh()
    credentials = Tls.load(Path(mesh["internal"]["tls"])).channel_credentials()
    with grpc.secure_channel(mesh["internal"]["session"], credentials) as channel:
        yield channel


@contextlib.contextmanager
def adapter_channel(provider: str) -> Iterator[grpc.Channel]:
    """A channel to the adapter of a provider."""
    mesh = running.read_mesh()
    adapters = mesh["internal"]["adapters"]
    if provider not in adapters:
        message = f"this mesh has no provider {provider!r}; there are: {', '.join(sorted(adapters))}"
        raise CommandError(message)
    credentials = Tls.load(Path(mesh["internal"]["tls"])).channel_credentials()
    with grpc.secure_channel(adapters[provider], credentials) as channel:
        yield channel


@contextlib.contextmanager
def second_opinion_channel() -> Iterator[grpc.Channel]:
    """A channel to the second opinion."""
    mesh = running.read_mesh()
    address = mesh["internal"]["second_opinion"]
    if not address:
        message = "this mesh has no second opinion"
        raise CommandError(message)
    credentials = Tls.load(Path(mesh["internal"]["tls"])).channel_credentials()
    with grpc.secure_channel(address, credentials) as channel:
        yield channel


Reply = TypeVar("Reply")


def call(method: Callable[..., Reply], request: Message, *, licensee: str = "", timeout_s: float = TIMEOUT_S) -> Reply:
    """Call with a deadline; an error becomes one sentence."""
    metadata = [("x-pitboss-licensee", licensee)] if licensee else []
    try:
        return method(request, timeout=timeout_s, metadata=metadata, wait_for_ready=True)
    except grpc.RpcError as error:
        raise CommandError(_sentence(read_error(error))) from error


def _sentence(error: RemoteError) -> str:
    reason = f" ({error.reason})" if error.reason else ""
    fields = "".join(f"\n  {field}: {description}" for field, description in error.violations)
    return f"{error.code.name}: {error.message}{reason}{fields}"
