"""The neighbours as small working models of their ports: a ledger, the law, one provider. Failures are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from mesh.errors import DependencyDownError
from session_svc.domain.catalog import Game
from session_svc.domain.session import Assertion, LedgerPosition, Order, Session
from session_svc.domain.states import PlayEnd
from session_svc.errors import LaunchFailedError
from session_svc.ports import FeedPage, PlayOpened, Switch


class KilledError(BaseException):
    """The process is gone: no handler runs, nothing is cleaned up."""


class House:
    """Implements `ports.Law`, `ports.Ledger` and `ports.Providers`."""

    def __init__(self) -> None:
        self.names = frozenset({"acme_slots"})
        self.opened: dict[str, PlayOpened] = {}
        self.ended: dict[str, PlayEnd] = {}
        self.told: list[str] = []
        """Ends that the activity file has heard of."""
        self.counts = False
        """An activity file counts whoever plays."""
        self.thrown: list[Switch] = []
        self.launches: list[tuple[str, str, str]] = []
        self.down: set[str] = set()
        self.refusal: Exception | None = None
        self.on_launch: Callable[[Session], Awaitable[None]] | None = None

    def may_stake(self) -> set[str]:
        """Sessions that the ledger lets stake."""
        return set(self.opened) - set(self.ended)

    def _answer(self, who: str) -> None:
        if who in self.down:
            raise DependencyDownError(dependency=who)

    async def open_play(self, session: Session, assertion: Assertion | None) -> PlayOpened:
        self._answer("compliance_svc")
        if self.refusal is not None:
            raise self.refusal
        position = LedgerPosition(shard=1, sequence=len(self.opened) + 1)
        return self.opened.setdefault(
            session.session_id, PlayOpened(position=position, jurisdiction="gb", counted=self.counts)
        )

    async def allow_demo(self, order: Order) -> str:
        raise NotImplementedError

    async def end_activity(self, session: Session) -> None:
        self._answer("activity_file")
        self.told.append(session.session_id)

    async def end_play(self, session: Session, end: PlayEnd) -> None:
        self._answer("wallet_svc")
        if session.session_id in self.opened:
            self.ended.setdefault(session.session_id, end)

    async def launch(self, session: Session, token: str, device: str) -> str:
        self.launches.append((session.session_id, token, device))
        number = len(self.launches)
        if self.on_launch is not None:
            await self.on_launch(session)
        await asyncio.sleep(0)
        if "provider" in self.down:
            raise LaunchFailedError(provider=session.order.provider, retry_after=0.5)
        return f"https://game.example/{number}?token={token}"

    async def put_games(self, provider: str, games: Sequence[Game]) -> None:
        raise NotImplementedError

    async def switches(self) -> list[Switch]:
        self._answer("wallet_svc")
        return list(self.thrown)

    async def shards(self) -> list[int]:
        raise NotImplementedError

    def feed(self, shard: int, after: int) -> AsyncGenerator[FeedPage, None]:
        raise NotImplementedError

    async def games(self, provider: str) -> list[Game]:
        raise NotImplementedError

    def health(self, provider: str) -> AsyncGenerator[bool, None]:
        raise NotImplementedError


class Tripwire:
    """Kills the process before or after the nth call through any port that is wired to it."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.calls: list[str] = []
        self._at, self._after = at, after

    def wired(self, part: Any) -> Any:
        """The part, with every call counted."""
        return _Wired(part, self)

    async def call(self, name: str, method: Callable[..., Awaitable[object]], *values: Any, **named: Any) -> object:
        """One call through a port."""
        self.calls.append(name)
        mine = len(self.calls) == self._at
        if mine and not self._after:
            raise KilledError(name)
        answer = await method(*values, **named)
        if mine:
            raise KilledError(name)
        return answer


class _Wired:
    def __init__(self, part: Any, tripwire: Tripwire) -> None:
        self._part, self._tripwire = part, tripwire

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)

        async def call(*values: Any, **named: Any) -> object:
            return await self._tripwire.call(name, method, *values, **named)

        return call if asyncio.iscoroutinefunction(method) else method
