"""Sessions that the law ends, among the real services: what licensees and studios hear of them afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration

from mesh.channels import call_metadata
from mesh.dev.stack import Options, Stack
from pitboss.compliance.v1 import compliance_service_pb2
from pitboss.session.v1 import session_service_pb2 as pb
from pitboss.type.v1 import outcome_pb2
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, protection_pb2, registry_service_pb2
from tests.integration.provider_adapters.patience import patient
from tests.integration.session_svc.lobby import GAME, LICENSEE, PROVIDER, Lobby, refusal, until


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(Options(kind="ended", environment=patient([PROVIDER]))) as running:
        yield running


@pytest.fixture
async def lobby(stack: Stack) -> AsyncIterator[Lobby]:
    opened = Lobby(stack)
    await opened.supplied()
    try:
        yield opened
    finally:
        await opened.close()


async def told_of_end(lobby: Lobby, session_id: str) -> str:
    """The reason that a licensee reads, once the session has ended."""

    async def ended() -> bool:
        return (await lobby.get(session_id)).state == pb.SESSION_STATE_ENDED

    await until(ended)
    session = await lobby.get(session_id)
    assert session.HasField("end_time")
    return session.end_reason


async def read(stream: grpc.aio.UnaryStreamCall[Any, Any]) -> Any:
    """The next message of a stream."""
    return await asyncio.wait_for(stream.read(), 30)


async def act(lobby: Lobby, player: str, key: str, *, adapter: bool = False, **kind: object) -> str:
    """An action in the ledger, by the platform or by the provider's adapter; the outcome's name."""
    action = action_pb2.Action(player_id=player, transaction_key=key, **kind)  # type: ignore[arg-type]
    stub = lobby.provider_ledger if adapter else lobby.ledger
    request = ledger_service_pb2.ExecuteRequest(action=action)
    answer = await stub.Execute(request, timeout=20, metadata=call_metadata(LICENSEE))
    return outcome_pb2.Outcome.Name(answer.result.outcome).removeprefix("OUTCOME_")


def pounds(amount: str) -> Money:
    return Money(currency_code="GBP", amount=amount)


async def test_an_exclusion_a_break_and_a_hit_of_a_screening_end_sessions_and_say_so(lobby: Lobby) -> None:
    async def launched() -> tuple[str, str]:
        player = await lobby.player()
        return player, (await lobby.create(player)).session.session_id

    excluded, first = await launched()
    await lobby.exclude(excluded)
    paused, second = await launched()
    request = compliance_service_pb2.StartBreakRequest(player_id=paused, transaction_key="pause", term="24h")
    await lobby.compliance.StartBreak(request, timeout=20, metadata=call_metadata(LICENSEE))
    frozen, third = await launched()
    hit = protection_pb2.ScreeningFinding(result=protection_pb2.SCREENING_RESULT_HIT)
    assert await act(lobby, frozen, "hit", record_finding=protection_pb2.RecordFinding(screening=hit)) == "OK"
    found = [await told_of_end(lobby, session) for session in (first, second, third)]
    assert found == ["SEX.SELF", "SEX.BREAK", "AML.FROZEN"]


async def test_a_stake_that_does_not_fit_what_the_player_fixed_ends_the_session(lobby: Lobby) -> None:
    player = await lobby.player()
    session = (await lobby.create(player, spend_limit=pounds("0.15"))).session.session_id
    assert await lobby.bet(player, session) == "OK"
    assert await lobby.bet(player, session) != "OK"
    assert await told_of_end(lobby, session) == "SES.SPEND_LIMIT"


async def test_a_time_that_is_over_ends_the_session_although_nobody_stakes(lobby: Lobby) -> None:
    player = await lobby.player()
    session = (await lobby.create(player, time_limit=Duration(seconds=2))).session.session_id
    assert await told_of_end(lobby, session) == "SES.TIME_LIMIT"
    assert await lobby.bet(player, session) == "SESSION_EXPIRED"


async def test_a_kill_switch_ends_sessions_also_when_it_is_taken_back(lobby: Lobby) -> None:
    player, other = await lobby.player(), await lobby.player()
    session = (await lobby.create(player)).session.session_id
    kept = (await lobby.create(other)).session.session_id
    for suspended in (True, False):
        request = registry_service_pb2.PutSuspensionRequest(
            scope=registry_service_pb2.SUSPENSION_SCOPE_PLAYER, licensee_id=LICENSEE, name=player, suspended=suspended
        )
        await lobby.registry.PutSuspension(request, timeout=20)
    assert await told_of_end(lobby, session) == "SYS.SUSPENDED"
    assert await lobby.bet(player, session) != "OK"
    assert (await lobby.get(kept)).state == pb.SESSION_STATE_ACTIVE
    again = (await lobby.create(player, "again")).session
    assert (again.state, await lobby.bet(player, again.session_id)) == (pb.SESSION_STATE_ACTIVE, "OK")


async def test_the_switch_of_a_build_ends_no_sessions_and_hides_no_other_switch(lobby: Lobby) -> None:
    player, other = await lobby.player(), await lobby.player()
    session = (await lobby.create(player)).session.session_id
    kept = (await lobby.create(other)).session.session_id
    build = {
        "scope": registry_service_pb2.SUSPENSION_SCOPE_GAME_BUILD,
        "provider": PROVIDER,
        "name": GAME,
        "build": "1.0",
    }
    person = {"scope": registry_service_pb2.SUSPENSION_SCOPE_PLAYER, "licensee_id": LICENSEE, "name": player}
    try:
        for said in (build, person):
            request = registry_service_pb2.PutSuspensionRequest(suspended=True, **said)  # type: ignore[arg-type]
            await lobby.registry.PutSuspension(request, timeout=20)
        assert await told_of_end(lobby, session) == "SYS.SUSPENDED"
        assert (await lobby.get(kept)).state == pb.SESSION_STATE_ACTIVE
        assert await lobby.bet(other, kept) == "OK"
    finally:
        request = registry_service_pb2.PutSuspensionRequest(suspended=False, **build)  # type: ignore[arg-type]
        await lobby.registry.PutSuspension(request, timeout=20)


async def test_a_late_win_finds_its_session_and_nobody_gets_into_it_any_more(lobby: Lobby) -> None:
    player = await lobby.player()
    launch = await lobby.create(player)
    session, token = launch.session.session_id, (await lobby.by_player(player)).token
    bet = action_pb2.Bet(round_id="r1", amount=pounds("1.00"), game_id=GAME, session_id=session)
    assert await act(lobby, player, "b1", adapter=True, bet=bet) == "OK"
    await lobby.exclude(player)
    assert await told_of_end(lobby, session) == "SEX.SELF"

    for found in (await lobby.by_token(token), await lobby.by_token(token, exact=True), await lobby.by_player(player)):
        assert (found.session.session_id, found.session.state) == (session, pb.SESSION_STATE_ENDED)
    win = action_pb2.Win(round_id="r1", amount=pounds("3.00"), session_id=session)
    assert await act(lobby, player, "w1", adapter=True, win=win) == "OK"

    again = await lobby.create(player)
    assert (again.session.session_id, again.session.end_reason, again.launch_url) == (session, "SEX.SELF", "")
    recover = pb.RecoverSessionRequest(session_id=session)
    refused = await refusal(lobby.sessions.RecoverSession(recover, timeout=20, metadata=call_metadata(LICENSEE)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_SESSION_ENDED")
    assert (await refusal(lobby.swap(token, "s1"))).reason == "ERROR_REASON_SESSION_ENDED"
    assert (await refusal(lobby.create(player, "new"))).reason == "ERROR_REASON_PLAY_DENIED"


async def test_a_token_that_was_swapped_before_the_end_is_given_again_to_a_retry_only(lobby: Lobby) -> None:
    player = await lobby.player()
    session = (await lobby.create(player)).session.session_id
    launch_token = (await lobby.by_player(player)).token
    swapped = (await lobby.swap(launch_token, "s1")).token
    await lobby.exclude(player)
    assert await told_of_end(lobby, session) == "SEX.SELF"
    assert (await lobby.swap(launch_token, "s1")).token == swapped
    assert (await refusal(lobby.swap(launch_token, "s2"))).reason == "ERROR_REASON_TOKEN_SWAPPED"


async def test_an_end_while_the_session_service_was_gone_is_learned_when_it_is_back(lobby: Lobby) -> None:
    player = await lobby.player()
    session = (await lobby.create(player)).session.session_id
    lobby.stack.kill("session_svc")
    await lobby.exclude(player)
    lobby.stack.restart("session_svc")
    assert await told_of_end(lobby, session) == "SEX.SELF"


async def test_licensees_that_follow_their_sessions_hear_the_reason_once(lobby: Lobby) -> None:
    player = await lobby.player()
    session = (await lobby.create(player)).session.session_id
    await lobby.exclude(player)
    await told_of_end(lobby, session)
    request = pb.WatchSessionsRequest(player_id=player)
    stream = lobby.sessions.WatchSessions(request, metadata=call_metadata(LICENSEE))
    seen = [(await read(stream)).session for _ in range(2)]
    stream.cancel()
    assert [(one.state, one.end_reason) for one in seen] == [
        (pb.SESSION_STATE_ACTIVE, ""),
        (pb.SESSION_STATE_ENDED, "SEX.SELF"),
    ]
