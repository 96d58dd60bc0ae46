"""Two troubles on the way out: a studio that accepts and never answers, and one that answers nonsense."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import grpc.aio
import httpx

from mesh.channels import call_metadata
from mesh.dev.stack import Stack
from pitboss.session.v1 import session_service_pb2
from tests.conformance.office import CountingOffice
from tests.integration.provider_adapters.office import LICENSEE

_PLAYERS, _LAUNCH_PAUSE_S, _LAUNCH_TIMEOUT_S = 2, 0.5, 5.0


@dataclass(slots=True, kw_only=True)
class Launches:
    """How launches at one provider went."""

    opened: int = 0
    failed: int = 0


@dataclass(slots=True, kw_only=True)
class Trouble:
    """Which provider has which trouble. The third, a flood, is a matter of its rate."""

    stack: Stack
    office: CountingOffice
    hanging: str
    babbling: str
    games: Mapping[str, str]
    """A game of each provider."""
    calm: dict[str, Launches] = field(default_factory=lambda: defaultdict(Launches))
    trouble: dict[str, Launches] = field(default_factory=lambda: defaultdict(Launches))

    @contextlib.asynccontextmanager
    async def absent(self) -> AsyncIterator[None]:
        """Both studios are well. Players launch their games all the same."""
        async with self._launching(self.calm):
            yield

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """One studio hangs, the other answers nonsense, and players launch their games."""
        modes = {self.hanging: "hang", self.babbling: "garbage"}
        for name, mode in modes.items():
            await self._control(name, "down", mode=mode, play_on=True)
        try:
            async with self._launching(self.trouble):
                yield
        finally:
            for name in modes:
                await self._control(name, "up")

    @contextlib.asynccontextmanager
    async def _launching(self, counted: dict[str, Launches]) -> AsyncIterator[None]:
        names = [self.hanging, self.babbling] * _PLAYERS
        tasks = [asyncio.create_task(self._launch(name, counted[name])) for name in names]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _launch(self, name: str, counted: Launches) -> None:
        """A player who opens a game again and again."""
        player = await self.office.player()
        while True:
            order = session_service_pb2.CreateSessionRequest(
                client_key=secrets.token_hex(8),
                player_id=player,
                provider=name,
                game_id=self.games[name],
                currency_code="EUR",
                country="DE",
            )
            try:
                await self.office.sessions.CreateSession(
                    order, timeout=_LAUNCH_TIMEOUT_S, metadata=call_metadata(licensee=LICENSEE)
                )
                counted.opened += 1
            except grpc.aio.AioRpcError:
                counted.failed += 1
            await asyncio.sleep(_LAUNCH_PAUSE_S)

    async def _control(self, name: str, command: str, **content: object) -> None:
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            url = f"{self.stack.around.studio_url(name)}/control/{command}"
            reply = await client.post(url, content=json.dumps(content))
            reply.raise_for_status()
