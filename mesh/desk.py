"""What the calls of one server share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, TypeVar, cast

from mesh.errors import DependencyDownError, OverloadedError
from mesh.gate import Gate
from mesh.identity import Policy
from mesh.metrics import Registry
from mesh.quota import Quota
from mesh.settings import ProcessSettings

T = TypeVar("T")


class Desk:
    """What the calls of one server share: who may come in, how many at a time, and whether it is closing."""

    def __init__(self, settings: ProcessSettings, policy: Policy, registry: Registry) -> None:
        self.settings, self.policy, self.registry = settings, policy, registry
        self.gate = Gate(insecure=settings.insecure_loopback)
        self.calls = self.streams = 0
        self.draining = False
        self.lines = Quota()
        self._waiting: set[asyncio.Task[Any]] = set()
        registry.gauge("rpc.server.active_calls", lambda: self.calls)
        registry.gauge("rpc.server.active_streams", lambda: self.streams)

    def enter_call(self) -> None:
        """Count a unary call in, or refuse it."""
        if self.calls >= self.settings.max_concurrent_calls:
            raise OverloadedError(queue="calls", retry_after=0.1)
        self.calls += 1

    def enter_stream(self) -> None:
        """Count a streaming call in, or refuse it."""
        self.check_open()
        if self.streams >= self.settings.max_concurrent_streams:
            raise OverloadedError(queue="streams", retry_after=1.0)
        self.streams += 1

    def check_open(self) -> None:
        """Refuse to go on with a stream once the server is about to end."""
        if self.draining:
            raise DependencyDownError(dependency="this replica", retry_after=0.0)

    async def until_drained(self, answers: AsyncGenerator[T, None]) -> AsyncIterator[T]:
        """Pass on what a servicer sends, until the server drains: the reader comes back elsewhere with its cursor.

        A task is cancelled only while it waits for the servicer. If it were in gRPC's own code, gRPC would take it for
        the caller's cancellation and never send a status.
        """
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._waiting.add(task)
        try:
            async with aclosing(answers):
                async for answer in answers:
                    self._waiting.discard(task)
                    yield answer
                    self.check_open()
                    self._waiting.add(task)
        finally:
            self._waiting.discard(task)

    def drain(self) -> None:
        """Let no stream begin, and end those that only send and might never end by themselves."""
        self.draining = True
        for task in tuple(self._waiting):
            task.cancel()
