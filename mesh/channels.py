"""Calls to other processes: mTLS channels with keepalive, metadata, and replicas chosen by player."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import grpc.aio

from mesh.settings import ProcessSettings

Metadata = tuple[tuple[str, str], ...]
Stub = TypeVar("Stub")


def channel(target: str, settings: ProcessSettings, *, workload: str = "") -> grpc.aio.Channel:
    """A channel to `target` with the process's certificate. `workload` names the caller on a loopback without TLS."""
    raise NotImplementedError


def call_metadata(licensee: str | None = None, request_id: str | None = None, source: str | None = None) -> Metadata:
    """Metadata for a call; the request id of the call being served goes on by itself."""
    raise NotImplementedError


class AffinityStub(Generic[Stub]):
    """Sends the calls of one player to one replica, and to the next one while that is UNAVAILABLE.

    Safe for writes because every write carries its key: `await stub.call("Execute", request, licensee=..., player=..., timeout_s=...)`.
    """

    def __init__(self, channels: Sequence[grpc.aio.Channel], stub: Callable[[grpc.aio.Channel], Stub]) -> None:
        self._stubs = [stub(channel) for channel in channels]

    def order(self, licensee: str, player: str) -> Iterable[Stub]:
        """Every replica, the player's own first."""
        raise NotImplementedError

    async def call(  # noqa: PLR0913
        self,
        method: str,
        request: Any,
        *,
        licensee: str,
        player: str,
        timeout_s: float,
        metadata: Metadata | None = None,
    ) -> Any:
        """Call a unary method within `timeout_s` over all attempts."""
        raise NotImplementedError
