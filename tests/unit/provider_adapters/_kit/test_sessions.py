from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from pitboss.session.v1.session_directory_service_pb2 import (
    TOKEN_ROLE_LAUNCH,
    TOKEN_ROLE_PLAY,
    TOKEN_ROLE_SWAPPED,
    ResolveSessionResponse,
    SwapTokenResponse,
    TokenRole,
)
from pitboss.session.v1.session_service_pb2 import Session
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.ports import SessionFacts, SessionsDownError, TokenSwappedError
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.sessions import DirectorySessions, FactsCache

PLAYER = PlayerReference(licensee="aurora", player_id="pl-1")


def session(session_id: str = "s-1") -> Session:
    return Session(session_id=session_id, player_id="pl-1", provider="p", game_id="g", currency_code="EUR")


def found(
    session_id: str = "s-1", token: str = "t-1", *, role: TokenRole.ValueType = TOKEN_ROLE_LAUNCH
) -> ResolveSessionResponse:
    return ResolveSessionResponse(
        licensee_id="aurora",
        session=session(session_id),
        token=token,
        country="DE",
        jurisdiction="gb",
        token_role=role,
    )


def facts(session_id: str) -> SessionFacts:
    return SessionFacts(session_id=session_id, player=PLAYER, game_id="g", currency_code="EUR", token="t-1")


class Directory:
    def __init__(self) -> None:
        self.answer: Any = found()
        self.asked: list[Any] = []
        self.waits: list[float] = []
        self.swapped_by = ""
        self.has_ended = False

    async def ResolveSession(self, request: Any, *, timeout: float, metadata: Any) -> ResolveSessionResponse:  # noqa: N802, ASYNC109
        self.asked.append(request)
        self.waits.append(timeout)
        if isinstance(self.answer, grpc.StatusCode):
            raise grpc.aio.AioRpcError(self.answer, grpc.aio.Metadata(), grpc.aio.Metadata())
        return self.answer  # type: ignore[no-any-return]

    async def SwapToken(self, request: Any, *, timeout: float, metadata: Any) -> SwapTokenResponse:  # noqa: N802, ASYNC109
        self.asked.append(request)
        if self.has_ended:
            raise refusal("ERROR_REASON_SESSION_ENDED")
        if self.swapped_by not in {"", request.swap_key}:
            raise refusal("ERROR_REASON_TOKEN_SWAPPED")
        self.swapped_by = request.swap_key
        return SwapTokenResponse(licensee_id="aurora", session=session(), token="t-2", token_role=TOKEN_ROLE_PLAY)


def refusal(reason: str) -> grpc.aio.AioRpcError:
    """As `mesh.status` sends it."""
    status = status_pb2.Status(code=grpc.StatusCode.FAILED_PRECONDITION.value[0])
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="pitboss"))
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))
    return grpc.aio.AioRpcError(grpc.StatusCode.FAILED_PRECONDITION, grpc.aio.Metadata(), trailing)


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


@pytest.fixture
def swapping(directory: Directory) -> DirectorySessions:
    return DirectorySessions(directory, swaps=True, grace_ms=5000)  # type: ignore[arg-type]


async def test_a_launch_token_that_may_be_swapped_is_asked_for_each_time(
    directory: Directory, swapping: DirectorySessions
) -> None:
    swapping.launched(facts("s-1"))
    for _ in range(2):
        await swapping.by_token("t-1", budget())
    assert [request.exact for request in directory.asked] == [True, True]
    # For the record it is good enough.
    assert swapping.known("t-1") is not None


async def test_what_a_swap_gave_is_remembered_and_the_old_token_is_asked_for(
    directory: Directory, swapping: DirectorySessions
) -> None:
    swapped = await swapping.swap("t-1", budget(), key="u-1")
    assert swapped is not None
    assert (swapped.token, swapped.session_id) == ("t-2", "s-1")
    assert directory.asked[0].grace.ToMilliseconds() == 5000
    assert await swapping.by_token("t-2", budget()) == swapped
    assert len(directory.asked) == 1
    directory.answer = found(role=TOKEN_ROLE_SWAPPED)
    for _ in range(2):
        old = await swapping.by_token("t-1", budget())
        assert old is not None
        # The ledger knows no such session: new stakes are refused, repeated ones get their first answer.
        assert old.session_id == ""
    assert len(directory.asked) == 2


async def test_a_token_that_was_swapped_by_another_message_is_not_swapped_again(swapping: DirectorySessions) -> None:
    await swapping.swap("t-1", budget(), key="u-1")
    with pytest.raises(TokenSwappedError):
        await swapping.swap("t-1", budget(), key="u-2")


async def test_a_token_of_a_session_that_the_law_has_ended_is_nobodys(
    directory: Directory, swapping: DirectorySessions
) -> None:
    directory.has_ended = True
    assert await swapping.swap("t-1", budget(), key="u-1") is None


def test_the_cache_forgets_what_was_used_longest_ago() -> None:
    cache = FactsCache(2)
    for key in ("a", "b"):
        cache.put(key, facts(key))
    cache.get("a")
    cache.put("c", facts("c"))
    assert cache.get("b") is None
    assert cache.get("a") is not None
