"""Providers and a ledger as small working models, moved by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

from mesh.errors import DependencyDownError
from session_svc.domain.catalog import Game
from session_svc.domain.session import DemoSession, Session
from session_svc.domain.states import PlayEnd, State
from session_svc.ports import FeedPage, Holder, LegalEnd, Switch

BREAK = None
"""What a stream is told in order to break."""


class Adapters:
    """Implements what `Supply` needs of `ports.Providers`."""

    def __init__(self, games: Sequence[Game]) -> None:
        self.names = frozenset({"acme_slots"})
        self.lists = list(games)
        self.streams: list[asyncio.Queue[bool | None]] = []
        self.first: list[bool | None] = []
        self.silent = False

    async def launch(self, session: Session, token: str, device: str) -> str:
        raise NotImplementedError

    async def launch_demo(self, demo: DemoSession, token: str) -> str:
        raise NotImplementedError

    async def games(self, provider: str) -> list[Game]:
        return list(self.lists)

    async def abilities(self, provider: str) -> frozenset[str]:
        return frozenset({"bet", "free_round_grants"})

    async def health(self, provider: str) -> AsyncGenerator[bool, None]:
        stream: asyncio.Queue[bool | None] = asyncio.Queue()
        self.streams.append(stream)
        if not self.silent:
            stream.put_nowait(self.first.pop(0) if self.first else True)
        while (state := await stream.get()) is not BREAK:
            yield state
        raise DependencyDownError(dependency=provider)


class Shelf:
    """Implements `ports.Games` in memory."""

    def __init__(self) -> None:
        self.games: dict[tuple[str, str], Game] = {}

    async def all(self) -> list[Game]:
        return list(self.games.values())

    async def put(self, provider: str, games: Sequence[Game]) -> None:
        names = {game.game_id for game in games}
        for key, game in self.games.items():
            if key[0] == provider and key[1] not in names:
                self.games[key] = replace(game, enabled=False, registered=False)
        for game in games:
            known = self.games.get(game.key)
            same = known is not None and (known.category, known.enabled) == (game.category, game.enabled)
            registered = known is not None and same and known.registered
            self.games[game.key] = replace(game, registered=registered)

    async def registered(self, games: Sequence[Game]) -> None:
        for game in games:
            self.games[game.key] = replace(self.games[game.key], registered=True)


class Book:
    """Implements `ports.Ledger`: knows games, ends play, and tells a feed that tests write."""

    def __init__(self) -> None:
        self.down = False
        self.put: list[list[str]] = []
        self.ended: list[str] = []
        self.pages: list[FeedPage] = []
        self.thrown: list[Switch] = []
        self.asked_after: list[int] = []

    async def end_play(self, session: Session, end: PlayEnd) -> None:
        self._answer()
        self.ended.append(session.session_id)

    async def put_games(self, provider: str, games: Sequence[Game]) -> None:
        self._answer()
        self.put.append(sorted(game.game_id for game in games))

    async def switches(self) -> list[Switch]:
        self._answer()
        return list(self.thrown)

    async def shards(self) -> list[int]:
        self._answer()
        return [1]

    async def feed(self, shard: int, after: int) -> AsyncGenerator[FeedPage, None]:
        self.asked_after.append(after)
        for page in self.pages:
            if page.last_sequence > after:
                yield page

    def _answer(self) -> None:
        if self.down:
            raise DependencyDownError(dependency="wallet_svc")


class Record:
    """Implements `ports.LawRecord` in memory."""

    def __init__(self, *sessions: Session) -> None:
        self.sessions = list(sessions)
        self.handled = 0
        self.writes = 0

    async def cursor(self, shard: int) -> int:
        return self.handled

    async def active_before(self, end: LegalEnd) -> list[Session]:
        return [one for one in self.sessions if one.order.player_id == end.player_id]

    async def apply(self, shard: int, page: FeedPage, now: object) -> list[Session]:
        self.writes += 1
        self.handled = page.last_sequence
        ended = [(one, end) for one in self.sessions for end in page.ends if self._is_meant(one, end)]
        over = {one.session_id for one, _ in ended}
        self.sessions = [one for one in self.sessions if one.session_id not in over]
        return [replace(one, state=State.ENDED, end_reason=end.reason) for one, end in ended]

    @staticmethod
    def _is_meant(session: Session, end: LegalEnd) -> bool:
        return session.order.player_id == end.player_id and end.session_id in ("", session.session_id)


class Memory:
    """Implements `ports.SessionCache` in memory."""

    def __init__(self) -> None:
        self.kept: dict[bytes, Holder] = {}

    async def get(self, digest: bytes) -> Holder | None:
        return self.kept.get(digest)

    async def put(self, digest: bytes, holder: Holder) -> None:
        self.kept[digest] = holder

    async def forget(self, digest: bytes) -> None:
        self.kept.pop(digest, None)


async def until(true: Callable[[], bool]) -> None:
    """Give way until something is true."""
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.001)
