"""A process of the mesh with the echo service, started by the tests as a child: `worker.py [behaviour]`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh import logs, server
from mesh.settings import ProcessSettings
from pitboss.type.v1.money_pb2 import Money
from tests.integration.mesh.harness import Echo, parts

_log = logs.get("worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings(ProcessSettings):
    """As of every process, and what this one shall do."""

    behaviour: str = "echo"
    """echo, crash, stubborn, hang-in-build, fail-in-build."""
    events: Path
    """File that tells what happened."""


async def endless(request: Money, context: Any) -> AsyncIterator[Money]:
    while True:
        yield request
        await asyncio.sleep(0.05)


async def build(settings: WorkerSettings) -> server.Parts:
    def tell(event: str) -> None:
        with settings.events.open("a") as file:
            file.write(event + "\n")

    async def slow(request: Money, context: Any) -> Money:
        """Takes as many seconds as the amount says."""
        if float(request.amount):
            tell("call in flight")
        await asyncio.sleep(float(request.amount))
        return request

    async def crash() -> None:
        await asyncio.sleep(0.2)
        raise RuntimeError("the background work broke")

    async def idle() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            tell("idle ended")

    async def first() -> None:
        tell("closed first part")

    async def second() -> None:
        tell("closed second part")
        raise RuntimeError("closing is not easy")

    tell("building")
    if settings.behaviour == "hang-in-build":
        await asyncio.sleep(3600)
    if settings.behaviour == "fail-in-build":
        raise RuntimeError("no database")
    return parts(
        Echo(unary=slow, sending=endless),
        tasks={"work": crash if settings.behaviour == "crash" else idle},
        closers=[first, second],
    )


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    server.main("wallet_svc", WorkerSettings, build)
