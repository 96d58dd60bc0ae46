from __future__ import annotations

from typing import Any

import grpc
import pytest

from pitboss.session.v1.session_directory_service_pb2 import ResolveSessionResponse
from pitboss.session.v1.session_service_pb2 import Session
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.ports import SessionFacts, SessionsDownError
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.sessions import DirectorySessions, FactsCache

PLAYER = PlayerReference(licensee="aurora", player_id="pl-1")


def found(session_id: str = "s-1", token: str = "t-1") -> ResolveSessionResponse:
    session = Session(session_id=session_id, player_id="pl-1", provider="p", game_id="g", currency_code="EUR")
    return ResolveSessionResponse(licensee_id="aurora", session=session, token=token, country="DE", jurisdiction="gb")


def facts(session_id: str) -> SessionFacts:
    return SessionFacts(session_id=session_id, player=PLAYER, game_id="g", currency_code="EUR", token="t-1")


class Directory:
    def __init__(self) -> None:
        self.answer: Any = found()
        self.asked: list[Any] = []
        self.waits: list[float] = []

    async def ResolveSession(self, request: Any, *, timeout: float, metadata: Any) -> ResolveSessionResponse:  # noqa: N802, ASYNC109
        self.asked.append(request)
        self.waits.append(timeout)
        if isinstance(self.answer, grpc.StatusCode):
            raise grpc.aio.AioRpcError(self.answer, grpc.aio.Metadata(), grpc.aio.Metadata())
        return self.answer  # type: ignore[no-any-return]


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def sessions(directory: Directory) -> DirectorySessions:
    return DirectorySessions(directory)  # type: ignore[arg-type]


def budget() -> Budget:
    return Budget.of(1)


async def test_a_token_is_asked_for_once(directory: Directory, sessions: DirectorySessions) -> None:
    first = await sessions.by_token("t-1", budget())
    assert await sessions.by_token("t-1", budget()) == first
    assert first is not None
    assert (first.session_id, first.player, first.currency_code) == ("s-1", PLAYER, "EUR")
    assert len(directory.asked) == 1


@pytest.mark.parametrize(("left_s", "wait_s"), [(0.5, 0.5), (2.5, 1.0), (9.0, 3.0)])
async def test_the_directory_gets_a_second_or_a_third_of_a_longer_time(
    directory: Directory, sessions: DirectorySessions, left_s: float, wait_s: float
) -> None:
    await sessions.by_token("t-1", Budget(left_s, clock=lambda: 0.0))
    assert directory.waits == [pytest.approx(wait_s)]


async def test_a_known_token_needs_no_directory(directory: Directory, sessions: DirectorySessions) -> None:
    await sessions.by_token("t-1", budget())
    directory.answer = grpc.StatusCode.UNAVAILABLE
    assert await sessions.by_token("t-1", budget()) is not None
    with pytest.raises(SessionsDownError):
        await sessions.by_token("t-2", budget())


async def test_an_unknown_token_is_no_session_and_is_not_remembered(
    directory: Directory, sessions: DirectorySessions
) -> None:
    directory.answer = grpc.StatusCode.NOT_FOUND
    assert await sessions.by_token("t-1", budget()) is None
    directory.answer = found()
    assert await sessions.by_token("t-1", budget()) is not None


async def test_known_never_asks(directory: Directory, sessions: DirectorySessions) -> None:
    assert sessions.known("t-1") is None
    await sessions.by_token("t-1", budget())
    assert sessions.known("t-1") is not None
    assert len(directory.asked) == 1


async def test_the_newest_session_may_be_old_only_while_the_directory_is_down(directory: Directory) -> None:
    now = [0.0]
    sessions = DirectorySessions(directory, clock=lambda: now[0])  # type: ignore[arg-type]
    await sessions.by_player(PLAYER, budget())
    directory.answer = found("s-2")
    now[0] = 5.0
    newest = await sessions.by_player(PLAYER, budget())
    assert newest is not None
    assert newest.session_id == "s-2"
    directory.answer = grpc.StatusCode.UNAVAILABLE
    now[0] = 500.0
    assert await sessions.by_player(PLAYER, budget()) == newest


async def test_a_launch_through_this_process_is_the_newest_session_at_once(sessions: DirectorySessions) -> None:
    await sessions.by_player(PLAYER, budget())
    sessions.launched(facts("s-9"))
    newest = await sessions.by_player(PLAYER, budget())
    assert newest is not None
    assert newest.session_id == "s-9"


def test_the_cache_forgets_what_was_used_longest_ago() -> None:
    cache = FactsCache(2)
    for key in ("a", "b"):
        cache.put(key, facts(key))
    cache.get("a")
    cache.put("c", facts("c"))
    assert cache.get("b") is None
    assert cache.get("a") is not None
