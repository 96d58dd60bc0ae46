"""Run a process of the mesh: a gRPC server with identity, validation, errors, health, metrics and a graceful end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mesh.identity import Policy
from mesh.settings import ProcessSettings

S = TypeVar("S", bound=ProcessSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One gRPC service: its full name, the generated `add_..._to_server`, and what implements it."""

    name: str
    add: Callable[[Any, Any], None]
    servicer: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a process is made of, as its `build` returns it."""

    services: Sequence[Service]
    policy: Policy
    tasks: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """Background work by name. One that ends before the process does ends the process, with a log line."""
    closers: Sequence[Callable[[], Awaitable[None]]] = ()
    """Awaited in reverse order after the last call has ended."""


async def run(name: str, settings: S, build: Callable[[S], Awaitable[Parts]]) -> int:
    """Serve until SIGTERM, drain, and return the exit status. `name` is the workload's name."""
    raise NotImplementedError


def main(name: str, settings: type[S], build: Callable[[S], Awaitable[Parts]]) -> None:
    """Entry point of `python -m <package>`: read settings, start logs and the event loop, run, exit."""
    raise NotImplementedError
