"""The session service among its real neighbours: wallets, the compliance service, adapters and their studios."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import signal
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import psycopg
import pytest
from google.protobuf.duration_pb2 import Duration
from valkey.asyncio import Valkey as ValkeyClient

from mesh.channels import call_metadata, secure_channel
from mesh.dev.child import Command, spawn
from mesh.dev.paths import ROOT
from mesh.dev.ports import free_port
from mesh.dev.stack import Options, Stack
from mesh.tls import Tls
from pitboss.session.v1 import catalog_service_pb2 as catalog
from pitboss.session.v1 import session_directory_service_pb2 as directory
from pitboss.session.v1 import session_service_pb2 as pb
from pitboss.session.v1.session_directory_service_pb2_grpc import SessionDirectoryServiceStub
from pitboss.type.v1.money_pb2 import Money
from pitboss.wallet.v1 import ledger_service_pb2
from tests.integration.provider_adapters.patience import patient
from tests.integration.session_svc.lobby import GAME, LICENSEE, PROVIDER, Lobby, refusal, until

OTHER_LICENSEE = "borealis"
CONNECTIONS = 8
"""Of the session service to its database, for launches."""
SECRETS: set[str] = set()
"""Tokens and addresses that this file has seen; none may stand in a log."""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    environment = {
        **patient([PROVIDER, "pragmatic_style"]),
        "session_svc": {"PITBOSS_DATABASE_CONNECTIONS": str(CONNECTIONS)},
    }
    options = Options(kind="sessions", log_level="debug", environment=environment)
    with Stack(options) as running:
        yield running


@pytest.fixture
async def lobby(stack: Stack) -> AsyncIterator[Lobby]:
    opened = Lobby(stack)
    await opened.supplied()
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture(autouse=True)
def everybody_back(stack: Stack) -> Iterator[None]:
    yield
    for name in stack.names:
        if stack.is_running(name):
            stack.thaw(name)
        else:
            stack.restart(name)


async def read(stream: grpc.aio.UnaryStreamCall[Any, Any], *, seconds: float = 30) -> Any:
    """The next message of a stream."""
    return await asyncio.wait_for(stream.read(), seconds)


async def known(lobby: Lobby, player: str) -> directory.ResolveSessionResponse:
    """The player's newest session, as its adapter knows it."""
    found = await lobby.by_player(player)
    SECRETS.add(found.token)
    return found


def amount(text: str, currency: str = "GBP") -> Money:
    return Money(currency_code=currency, amount=text)


async def launched(lobby: Lobby, player: str, key: str = "launch-1") -> pb.Session:
    answer = await lobby.create(player, key)
    SECRETS.add(answer.launch_url.rpartition("/")[2])
    return answer.session


def with_children(process: int) -> list[int]:
    return [process, *map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())]


def signal_all(processes: list[int], number: signal.Signals) -> None:
    """To each that has not ended by now."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


def readable(lobby: Lobby, session: pb.Session) -> Callable[[], Awaitable[bool]]:
    """Whether a session is read as active."""

    async def ask() -> bool:
        return (await lobby.get(session.session_id)).state == pb.SESSION_STATE_ACTIVE

    return ask


def hidden(lobby: Lobby) -> Callable[[], Awaitable[bool]]:
    """Whether the provider's games are hidden."""

    async def ask() -> bool:
        return not await lobby.games()

    return ask


# -- what licensees get


async def test_a_launched_session_can_stake_and_its_address_is_the_providers(lobby: Lobby) -> None:
    player = await lobby.player()
    answer = await lobby.create(player)
    session = answer.session
    assert session.state == pb.SESSION_STATE_ACTIVE
    assert answer.launch_url.startswith("http")
    ttl = session.expire_time.ToDatetime() - session.create_time.ToDatetime()
    assert ttl == dt.timedelta(hours=6)
    assert await lobby.bet(player, session.session_id) == "OK"
    again = await lobby.create(player)
    assert (again.session.session_id, again.launch_url) == (session.session_id, answer.launch_url)


async def test_twice_at_once_is_one_session(lobby: Lobby) -> None:
    player = await lobby.player()
    answers = await asyncio.gather(*[lobby.create(player) for _ in range(4)])
    assert len({answer.session.session_id for answer in answers}) == 1
    assert len({answer.launch_url for answer in answers}) == 1


async def test_the_same_key_with_another_game_is_a_conflict(lobby: Lobby) -> None:
    player = await lobby.player()
    await launched(lobby, player)
    told = await refusal(lobby.create(player, game_id="demo_blackjack"))
    assert (told.code, told.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ERROR_REASON_REQUEST_CONFLICT")
    assert told.metadata["client_key"] == f"{player}-launch-1"


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"provider": "nobody"}, grpc.StatusCode.NOT_FOUND, "ERROR_REASON_PROVIDER_NOT_FOUND"),
        ({"game_id": "unknown"}, grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_GAME_NOT_AVAILABLE"),
        ({"currency_code": "SEK"}, grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_REQUEST_INVALID"),
        ({"currency_code": "gbp"}, grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_REQUEST_INVALID"),
        ({"lobby_url": "a\x00b"}, grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_REQUEST_INVALID"),
        ({"spend_limit": amount("5.00", "EUR")}, grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_REQUEST_INVALID"),
        ({"spend_limit": amount("0.0000001")}, grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_REQUEST_INVALID"),
        ({"time_limit": Duration(nanos=5)}, grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_REQUEST_INVALID"),
    ],
)
async def test_a_launch_that_makes_no_sense_says_why(
    lobby: Lobby, change: dict[str, Any], code: grpc.StatusCode, reason: str
) -> None:
    told = await refusal(lobby.create(await lobby.player(), **change))
    assert (told.code, told.reason) == (code, reason)


async def test_an_unknown_player_is_not_found(lobby: Lobby) -> None:
    told = await refusal(lobby.create("nobody"))
    assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "ERROR_REASON_PLAYER_NOT_FOUND")
    assert told.metadata["player_id"] == "nobody"


async def test_another_licensees_session_is_not_found(lobby: Lobby) -> None:
    session = await launched(lobby, await lobby.player())
    recovery = pb.RecoverSessionRequest(session_id=session.session_id)
    for call in (
        lobby.get(session.session_id, licensee=OTHER_LICENSEE),
        lobby.end(session.session_id, licensee=OTHER_LICENSEE),
        lobby.sessions.RecoverSession(recovery, timeout=20, metadata=call_metadata(OTHER_LICENSEE)),
    ):
        told = await refusal(call)
        assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "ERROR_REASON_SESSION_NOT_FOUND")
        assert told.metadata["session_id"] == session.session_id
    assert (await lobby.get(session.session_id)).state == pb.SESSION_STATE_ACTIVE


async def test_what_the_player_fixed_for_a_session_holds_in_the_ledger(lobby: Lobby) -> None:
    player = await lobby.player()
    fixed: dict[str, Any] = {"spend_limit": amount("0.05"), "time_limit": Duration(seconds=3_600)}
    session = (await lobby.create(player, reality_check_interval=Duration(seconds=900), **fixed)).session
    # The stake is 0.10: it does not fit, and the session is over by that.
    assert await lobby.bet(player, session.session_id) == "COMPLIANCE_DENIED"
    assert await lobby.bet(player, session.session_id) == "SESSION_EXPIRED"
    told = await refusal(lobby.create(player, **fixed))
    assert (told.code, told.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ERROR_REASON_REQUEST_CONFLICT")


async def test_a_replaced_session_stakes_no_more(lobby: Lobby) -> None:
    player = await lobby.player()
    old = await launched(lobby, player, "a")
    new = await launched(lobby, player, "b")
    assert (await lobby.get(old.session_id)).state == pb.SESSION_STATE_REPLACED
    assert await lobby.bet(player, old.session_id) == "SESSION_EXPIRED"
    assert await lobby.bet(player, new.session_id) == "OK"


async def test_a_closed_session_stakes_no_more_and_stays_closed(lobby: Lobby) -> None:
    player = await lobby.player()
    session = await launched(lobby, player)
    for _ in range(2):
        closed = await lobby.end(session.session_id)
        assert closed.state == pb.SESSION_STATE_CLOSED
        assert closed.HasField("end_time")
    assert await lobby.bet(player, session.session_id) == "SESSION_EXPIRED"


async def test_a_recovered_session_keeps_its_token(lobby: Lobby) -> None:
    player = await lobby.player()
    session = await launched(lobby, player)
    token = (await known(lobby, player)).token
    request = pb.RecoverSessionRequest(session_id=session.session_id, device=pb.DEVICE_MOBILE)
    answer = await lobby.sessions.RecoverSession(request, timeout=20, metadata=call_metadata(LICENSEE))
    assert answer.launch_url
    assert (await known(lobby, player)).token == token


async def test_an_excluded_players_session_is_ended_and_none_is_opened(lobby: Lobby) -> None:
    player = await lobby.player()
    session = await launched(lobby, player)
    await lobby.exclude(player)
    assert await lobby.bet(player, session.session_id) != "OK"

    async def ended() -> bool:
        return (await lobby.get(session.session_id)).state == pb.SESSION_STATE_ENDED

    await until(ended)
    told = await refusal(lobby.create(player, "again"))
    assert (told.code, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_PLAY_DENIED")
    assert told.metadata["reasons"]
    assert told.metadata["pack"].startswith("gb@")


async def test_changes_are_streamed_without_gaps_and_resumed_after_a_cursor(lobby: Lobby) -> None:
    player = await lobby.player()
    request = pb.WatchSessionsRequest(player_id=player)
    stream = lobby.sessions.WatchSessions(request, metadata=call_metadata(LICENSEE))
    first = await launched(lobby, player, "a")
    second = await launched(lobby, player, "b")
    await lobby.end(second.session_id)
    seen = [await read(stream) for _ in range(4)]
    stream.cancel()
    assert [(change.session.session_id, change.session.state) for change in seen] == [
        (first.session_id, pb.SESSION_STATE_ACTIVE),
        (second.session_id, pb.SESSION_STATE_ACTIVE),
        (first.session_id, pb.SESSION_STATE_REPLACED),
        (second.session_id, pb.SESSION_STATE_CLOSED),
    ]
    all_changes = lobby.sessions.WatchSessions(
        pb.WatchSessionsRequest(after_cursor=0), metadata=call_metadata(LICENSEE)
    )
    cursors = [(await read(all_changes)).cursor for _ in range(seen[-1].cursor)]
    all_changes.cancel()
    assert cursors == list(range(1, seen[-1].cursor + 1))


async def test_licensees_use_it_through_the_gateway_in_json(stack: Stack, lobby: Lobby) -> None:
    player, gateway = await lobby.player(), stack.mesh["gateway"]
    trust = ssl.create_default_context(cafile=gateway["ca"])
    headers = {"authorization": f"Bearer {stack.token(LICENSEE)}"}
    order = {
        "client_key": f"json-{player}",
        "player_id": player,
        "provider": PROVIDER,
        "game_id": GAME,
        "currency_code": "GBP",
    }
    async with httpx.AsyncClient(base_url=gateway["json"], verify=trust, headers=headers, timeout=30) as client:

        async def launch(path: str, order: dict[str, str]) -> httpx.Response:
            """Sent again with its key when it took too long, as licensees do."""
            while (answer := await client.post(path, json=order)).status_code in {503, 504}:
                await asyncio.sleep(0.2)
            return answer

        answer = await launch("/v1/sessions", order)
        assert answer.status_code == 200
        session = answer.json()["session"]
        found = await client.get(f"/v1/sessions/{session['sessionId']}")
        assert found.json()["session"]["state"] == "SESSION_STATE_ACTIVE"
        closed = await client.post(f"/v1/sessions/{session['sessionId']}:close", json={})
        assert closed.json()["session"]["state"] == "SESSION_STATE_CLOSED"
        demo = await launch("/v1/sessions:demo", {**order, "client_key": f"demo-{player}", "country": "GB"})
        assert demo.status_code == 200
        SECRETS.add(demo.json()["launchUrl"].rpartition("/")[2])
        works = await client.get(
            f"/v1/capabilities/{PROVIDER}/{GAME}", params={"currency_code": "GBP", "country": "GB"}
        )
        assert (works.json()["available"], "demo" in works.json()["capabilities"]) == (True, True)
        first = (await client.get("/v1/games", params={"page_size": 1})).json()
        known = await client.get("/v1/games", params={"page_size": 1, "known_etag": first["etag"]})
        assert (known.json()["notModified"], known.json()["games"]) == (True, [])
        round_of_nobody = {"player_id": player, "provider": PROVIDER, "round_id": "nobody/played:it"}
        assert (await client.get("/v1/rounds:replay", params=round_of_nobody)).status_code == 404
        assert (await client.get("/v1/rounds:replay", params={"player_id": player})).status_code == 400


# -- what adapters get


async def test_play_for_play_money_is_allowed_by_the_law_and_is_one_game_for_each_key(
    stack: Stack, lobby: Lobby
) -> None:
    player = await lobby.player()
    answers = await asyncio.gather(*(lobby.demo(player) for _ in range(5)))
    (one,) = {(answer.session_id, answer.launch_url, answer.pack) for answer in answers}
    SECRETS.add(one[1].rpartition("/")[2])
    assert one[2].startswith("gb@")
    # No session of money: nothing to read, nothing to close, nothing for the adapter.
    told = await refusal(lobby.get(one[0]))
    assert told.reason == "ERROR_REASON_SESSION_NOT_FOUND"
    assert (await refusal(known(lobby, player))).reason == "ERROR_REASON_SESSION_NOT_FOUND"
    told = await refusal(lobby.demo(player, game_id="demo_pyramid"))
    assert (told.code, told.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ERROR_REASON_REQUEST_CONFLICT")


async def test_the_excluded_do_not_play_for_play_money_either(lobby: Lobby) -> None:
    player = await lobby.player()
    await lobby.exclude(player)
    told = await refusal(lobby.demo(player))
    assert (told.code, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_PLAY_DENIED")
    assert told.metadata["reasons"] == "SEX.SELF"


async def test_an_adapter_finds_its_session_by_token_and_by_player(lobby: Lobby) -> None:
    player = await lobby.player()
    session = await launched(lobby, player)
    by_player = await known(lobby, player)
    for found in (by_player, await lobby.by_token(by_player.token), await lobby.by_token(by_player.token)):
        assert found.licensee_id == LICENSEE
        assert found.session.session_id == session.session_id
        assert (found.token, found.country, found.jurisdiction) == (by_player.token, "GB", "gb")


async def test_another_providers_adapter_does_not_find_it(lobby: Lobby) -> None:
    player = await lobby.player()
    await launched(lobby, player)
    token = (await known(lobby, player)).token
    for request in (
        directory.ResolveSessionRequest(token=token),
        directory.ResolveSessionRequest(player_reference=f"{LICENSEE}.{player}"),
    ):
        told = await refusal(lobby.other_directory.ResolveSession(request, timeout=20))
        assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "ERROR_REASON_SESSION_NOT_FOUND")
        assert token not in str(told)


@pytest.mark.parametrize("reference", ["aurora", "aurora.nobody", "nobody.pl-1", "..."])
async def test_a_player_that_nobody_knows_has_no_session(lobby: Lobby, reference: str) -> None:
    request = directory.ResolveSessionRequest(player_reference=reference)
    told = await refusal(lobby.directory.ResolveSession(request, timeout=20))
    assert told.reason == "ERROR_REASON_SESSION_NOT_FOUND"


async def test_ended_sessions_are_found_too(lobby: Lobby) -> None:
    player = await lobby.player()
    session = await launched(lobby, player)
    token = (await known(lobby, player)).token
    assert (await lobby.by_token(token)).session.state == pb.SESSION_STATE_ACTIVE
    await lobby.end(session.session_id)
    assert (await lobby.by_token(token)).session.state == pb.SESSION_STATE_CLOSED
    assert (await known(lobby, player)).session.state == pb.SESSION_STATE_CLOSED


@pytest.mark.parametrize("workload", ["gateway", "wallet_svc", "compliance_svc"])
async def test_nobody_but_adapters_asks_the_directory(stack: Stack, workload: str) -> None:
    tls = Tls.load(stack.around.tls / workload)
    async with secure_channel(f"127.0.0.1:{stack.around.ports.session}", tls) as channel:
        request = directory.ResolveSessionRequest(token="any-token-of-somebody")
        told = await refusal(SessionDirectoryServiceStub(channel).ResolveSession(request, timeout=20))
    assert (told.code, told.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ERROR_REASON_CALLER_FORBIDDEN")


# -- the cache


async def test_a_dead_cache_costs_nothing_but_time(stack: Stack, lobby: Lobby) -> None:
    player = await lobby.player()
    await launched(lobby, player, "a")
    token = (await known(lobby, player)).token
    await lobby.by_token(token)
    stack.kill("valkey")
    for _ in range(5):
        assert (await lobby.by_token(token)).session.player_id == player
    again = await launched(lobby, player, "b")
    assert (await lobby.by_token(token)).session.state == pb.SESSION_STATE_REPLACED
    assert (await known(lobby, player)).session.session_id == again.session_id
    stack.restart("valkey")
    assert (await lobby.by_token(token)).session.state == pb.SESSION_STATE_REPLACED


async def test_a_frozen_cache_costs_nothing_but_time(stack: Stack, lobby: Lobby) -> None:
    player = await lobby.player()
    await launched(lobby, player, "a")
    token = (await known(lobby, player)).token
    await lobby.by_token(token)
    stack.freeze("valkey")
    began = time.monotonic()
    for _ in range(5):
        assert (await lobby.by_token(token)).session.player_id == player
    again = await launched(lobby, player, "b")
    assert (await known(lobby, player)).session.session_id == again.session_id
    assert time.monotonic() - began < 15
    stack.thaw("valkey")
    # The invalidation was lost. What an adapter may conclude from the old copy is the same: the ledger decides.
    assert await lobby.bet(player, (await lobby.by_token(token)).session.session_id) == "SESSION_EXPIRED"


async def test_a_swap_outlives_the_service_and_the_cache_and_a_retry_gets_the_same_token(
    stack: Stack, lobby: Lobby
) -> None:
    player = await lobby.player()
    session = await launched(lobby, player, "a")
    launch = (await known(lobby, player)).token
    for exact in (False, True):
        assert (await lobby.by_token(launch, exact=exact)).token_role == directory.TOKEN_ROLE_LAUNCH
    # Committed; whether anybody heard the answer makes no difference.
    lost = asyncio.create_task(lobby.swap(launch, "u-1"))
    await until(lambda: lobby.is_swapped(launch))
    stack.kill("session_svc")
    await asyncio.gather(lost, return_exceptions=True)
    stack.kill("valkey")
    stack.restart("session_svc")
    answers: list[directory.SwapTokenResponse] = []

    async def retried() -> bool:
        answers.extend(await asyncio.gather(*(lobby.swap(launch, "u-1") for _ in range(5))))
        return True

    await until(retried)
    (token,) = {answer.token for answer in answers}
    SECRETS.add(token)
    assert token != launch
    assert (await lobby.swap(token, "u-2")).token == token
    told = await refusal(lobby.swap(launch, "u-2"))
    assert (told.code, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_TOKEN_SWAPPED")
    stack.restart("valkey")
    for exact in (False, True):
        assert (await lobby.by_token(token, exact=exact)).token_role == directory.TOKEN_ROLE_PLAY
    old = await lobby.by_token(launch, exact=True)
    assert (old.token_role, old.session.session_id) == (directory.TOKEN_ROLE_SWAPPED, session.session_id)
    assert (await known(lobby, player)).token == token


async def test_an_exact_question_about_a_launch_token_is_not_answered_from_a_copy(lobby: Lobby) -> None:
    player = await lobby.player()
    await launched(lobby, player, "a")
    launch = (await known(lobby, player)).token
    # The copy is made, and the swap does not know of it.
    await lobby.by_token(launch)
    SECRETS.add((await lobby.swap(launch, "u-1")).token)
    assert (await lobby.by_token(launch, exact=True)).token_role == directory.TOKEN_ROLE_SWAPPED


async def test_a_session_whose_token_was_swapped_is_recovered_with_another_one(lobby: Lobby) -> None:
    player = await lobby.player()
    session = await launched(lobby, player, "a")
    launch = (await known(lobby, player)).token
    play = (await lobby.swap(launch, "u-1")).token
    request = pb.RecoverSessionRequest(session_id=session.session_id)
    await lobby.sessions.RecoverSession(request, timeout=20, metadata=call_metadata(LICENSEE))
    spare = (await known(lobby, player)).token
    SECRETS.update({play, spare})
    assert spare not in {launch, play}
    roles = [(await lobby.by_token(token, exact=True)).token_role for token in (launch, play, spare)]
    assert roles == [directory.TOKEN_ROLE_SWAPPED, directory.TOKEN_ROLE_PLAY, directory.TOKEN_ROLE_LAUNCH]


async def test_a_cache_that_lies_is_not_believed(stack: Stack, lobby: Lobby) -> None:
    one, other = await lobby.player(), await lobby.player()
    tokens = []
    for player in (one, other):
        await launched(lobby, player)
        tokens.append((await known(lobby, player)).token)
    async with ValkeyClient.from_url(stack.valkey.url) as client:

        async def key_of(token: str) -> bytes:
            """The name of the only entry, once the cache is used again after what other tests did to it."""
            await client.flushall()
            keys: list[bytes] = []
            while not keys:
                await lobby.by_token(token)
                keys = [key async for key in client.scan_iter("session_svc:*")]
            (key,) = keys
            return key

        first, second = await key_of(tokens[0]), await key_of(tokens[1])
        stored = await client.get(second)
        assert stored is not None
        assert tokens[1].encode() not in second + stored
        assert other.encode() not in stored
        # Another player's entry under this token's name, and then plain nonsense.
        for lie in (stored, b"{}", b""):
            await client.set(first, lie)
            assert (await lobby.by_token(tokens[0])).session.player_id == one


# -- neighbours that are away


async def everything(stream: grpc.aio.UnaryStreamCall[Any, Any]) -> list[Any]:
    """What is told until there is nothing new for a while."""
    found: list[Any] = []
    try:
        while True:
            found.append(await read(stream, seconds=3))
    except TimeoutError:
        return found


async def test_a_watch_of_the_catalog_goes_on_where_it_stopped(stack: Stack, lobby: Lobby) -> None:
    def watch(cursor: str = "") -> Any:
        request = catalog.WatchCatalogRequest(cursor=cursor)
        return lobby.catalog.WatchCatalog(request, metadata=call_metadata(LICENSEE))

    await until(lobby.games)
    whole = await everything(watch())
    games = {(one.game.provider, one.game.game_id) for one in whole}
    assert {provider for provider, _ in games} > {PROVIDER}
    assert await everything(watch(whole[-1].cursor)) == []
    stack.kill(f"studio-{PROVIDER}")
    try:
        await until(hidden(lobby))
        changed = await everything(watch(whole[-1].cursor))
        assert {(one.game.provider, one.game.unavailable_reason) for one in changed} == {(PROVIDER, "provider_down")}
        for lie in ("nonsense", whole[-1].cursor + "x"):
            assert {(one.game.provider, one.game.game_id) for one in await everything(watch(lie))} == games
    finally:
        stack.restart(f"studio-{PROVIDER}")
    await until(lobby.games)


async def test_games_of_a_provider_that_went_down_are_hidden_and_come_back(stack: Stack, lobby: Lobby) -> None:
    stream = lobby.catalog.WatchCatalog(catalog.WatchCatalogRequest(), metadata=call_metadata(LICENSEE))
    while (await read(stream)).game.provider != "pragmatic_style":
        pass
    stack.kill(f"studio-{PROVIDER}")
    while True:
        game = (await read(stream)).game
        if game.provider == PROVIDER and not game.available:
            break
    assert game.unavailable_reason == "provider_down"
    stream.cancel()
    assert await lobby.games() == {}
    assert set((await lobby.games(include_unavailable=True)).values()) == {"provider_down"}
    assert await lobby.games(provider="pragmatic_style")
    told = await refusal(lobby.create(await lobby.player()))
    assert (told.code, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_GAME_NOT_AVAILABLE")
    assert (told.metadata["provider"], told.metadata["game_id"]) == (PROVIDER, GAME)
    stack.restart(f"studio-{PROVIDER}")
    await until(lobby.games)


async def test_games_of_a_dead_adapter_are_hidden_at_once(stack: Stack, lobby: Lobby) -> None:
    stack.kill(PROVIDER)

    await until(hidden(lobby))
    assert await lobby.games(provider="pragmatic_style")
    stack.restart(PROVIDER)
    await until(lobby.games)
    await launched(lobby, await lobby.player())


async def test_a_game_is_read_singly_while_its_provider_is_down(stack: Stack, lobby: Lobby) -> None:
    stack.kill(PROVIDER)

    async def reason() -> bool:
        request = catalog.GetGameRequest(provider=PROVIDER, game_id=GAME)
        answer = await lobby.catalog.GetGame(request, timeout=20, metadata=call_metadata(LICENSEE))
        return answer.game.unavailable_reason == "provider_down"

    await until(reason)


async def test_no_session_is_opened_while_the_compliance_service_is_away(stack: Stack, lobby: Lobby) -> None:
    player = await lobby.player()
    stack.kill("compliance_svc")
    told = await refusal(lobby.create(player))
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "ERROR_REASON_DEPENDENCY_DOWN")
    assert told.metadata["dependency"] == "compliance_svc"
    assert told.retry_after is not None
    stack.restart("compliance_svc")
    # The connection is made again within a second.
    await until(lambda: lobby.create(player))
    session = await launched(lobby, player)
    assert await lobby.bet(player, session.session_id) == "OK"


async def test_a_provider_that_does_not_answer_fails_the_launch_and_nothing_stays_open(
    stack: Stack, lobby: Lobby
) -> None:
    player = await lobby.player()
    stack.freeze(PROVIDER)
    told = await refusal(lobby.create(player, seconds=30))
    await until(hidden(lobby))
    stack.thaw(PROVIDER)
    await until(lobby.games)
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "ERROR_REASON_LAUNCH_FAILED")
    assert told.metadata["provider"] == PROVIDER
    assert told.retry_after is not None
    standing = await lobby.ledger.GetPlayer(
        ledger_service_pb2.GetPlayerRequest(player_id=player), timeout=20, metadata=call_metadata(LICENSEE)
    )
    assert list(standing.sessions) == []
    session = await launched(lobby, player)
    assert await lobby.bet(player, session.session_id) == "OK"


@pytest.mark.parametrize("hanging", ["compliance_svc", PROVIDER])
async def test_a_launch_that_was_killed_half_way_is_completed_by_a_retry(
    stack: Stack, lobby: Lobby, hanging: str
) -> None:
    player = await lobby.player()
    old = await launched(lobby, player, "old")
    stack.freeze(hanging)
    lost = asyncio.ensure_future(lobby.create(player, "new"))
    await asyncio.sleep(0.5)
    stack.kill("session_svc")
    assert (await refusal(lost)).code is grpc.StatusCode.UNAVAILABLE
    stack.thaw(hanging)
    stack.restart("session_svc")
    await until(lobby.games)
    session = await launched(lobby, player, "new")
    assert await lobby.bet(player, session.session_id) == "OK"
    assert await lobby.bet(player, old.session_id) == "SESSION_EXPIRED"
    assert (await launched(lobby, player, "new")).session_id == session.session_id


async def test_a_database_that_comes_back_is_used_again(stack: Stack, lobby: Lobby) -> None:
    session = await launched(lobby, await lobby.player())
    stack.kill("postgres")
    told = await refusal(lobby.get(session.session_id))
    assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "ERROR_REASON_DEPENDENCY_DOWN")
    stack.restart("postgres")
    await until(readable(lobby, session))


async def test_a_database_that_stands_still_stops_nothing_for_good(stack: Stack, lobby: Lobby) -> None:
    session = await launched(lobby, await lobby.player())
    everything = with_children(stack.pid("postgres"))
    try:
        signal_all(everything, signal.SIGSTOP)
        for told in await asyncio.gather(*[refusal(lobby.get(session.session_id, seconds=1.5)) for _ in range(20)]):
            assert told.code in {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}
    finally:
        signal_all(everything, signal.SIGCONT)
    await until(readable(lobby, session))


async def test_it_starts_while_everybody_else_is_away_and_finds_them_later(stack: Stack, lobby: Lobby) -> None:
    session = await launched(lobby, await lobby.player())
    others = ("wallet_svc-1", "wallet_svc-2", "compliance_svc", "valkey", PROVIDER, "pragmatic_style")
    for name in others:
        stack.kill(name)
    stack.restart("session_svc")
    assert (await lobby.get(session.session_id)).state == pb.SESSION_STATE_ACTIVE
    assert await lobby.games(provider="") == {}
    for name in others:
        stack.restart(name)
    await until(lobby.games)
    await launched(lobby, await lobby.player())


async def test_a_second_replica_knows_what_the_first_one_does(stack: Stack, lobby: Lobby) -> None:
    port = free_port()
    process = stack.process_list["session_svc"]
    replica = spawn(
        Command(
            name="replica",
            argv=process.argv,
            environment={**process.environment, "PITBOSS_LISTEN": f"127.0.0.1:{port}"},
            log=stack.run / "log" / "session_svc-2.log",
            directory=ROOT,
        )
    )
    there = Lobby(stack, session_port=port)
    try:
        await there.supplied()
        player = await lobby.player()
        request = pb.WatchSessionsRequest(player_id=player)
        stream = there.sessions.WatchSessions(request, metadata=call_metadata(LICENSEE))
        answers = await asyncio.gather(lobby.create(player), there.create(player), lobby.create(player))
        assert len({answer.launch_url for answer in answers}) == 1
        session = answers[0].session
        assert (await there.by_player(player)).session.session_id == session.session_id
        assert (await there.end(session.session_id)).state == pb.SESSION_STATE_CLOSED
        assert (await lobby.get(session.session_id)).state == pb.SESSION_STATE_CLOSED
        states = [(await read(stream)).session.state for _ in range(2)]
        assert states == [pb.SESSION_STATE_ACTIVE, pb.SESSION_STATE_CLOSED]
        stream.cancel()
    finally:
        await there.close()
        replica.stop()


# -- the catalog


async def test_a_page_that_is_known_comes_without_its_games_until_something_changes(stack: Stack, lobby: Lobby) -> None:
    async def page(etag: str = "") -> catalog.ListGamesResponse:
        request = catalog.ListGamesRequest(provider=PROVIDER, page_size=2, known_etag=etag, include_unavailable=True)
        return await lobby.catalog.ListGames(request, timeout=20, metadata=call_metadata(LICENSEE))

    first = await page()
    known = await page(first.etag)
    assert (known.not_modified, len(known.games), known.next_page_token) == (True, 0, first.next_page_token)
    stack.kill(PROVIDER)
    await until(hidden(lobby))
    changed = await page(first.etag)
    assert (changed.not_modified, len(changed.games)) == (False, len(first.games))
    assert changed.etag not in {"", first.etag}


async def test_capabilities_are_told_before_a_launch(lobby: Lobby) -> None:
    async def told(**where: str) -> catalog.GetCapabilitiesResponse:
        request = catalog.GetCapabilitiesRequest(provider=PROVIDER, game_id=GAME, **where)
        return await lobby.catalog.GetCapabilities(request, timeout=20, metadata=call_metadata(LICENSEE))

    wanted = {"bet", "demo", "free_round_grants", "round_replay"}

    async def known() -> bool:
        return wanted <= set((await told(currency_code="GBP", country="GB")).capabilities)

    # The catalog is kept; what a provider can do comes with its adapter's first answer.
    await until(known)
    assert (await told(currency_code="GBP", country="GB")).available
    missing = catalog.GetCapabilitiesRequest(provider=PROVIDER, game_id="no-such-game")
    refused = await refusal(lobby.catalog.GetCapabilities(missing, timeout=20, metadata=call_metadata(LICENSEE)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "ERROR_REASON_GAME_NOT_AVAILABLE")


async def test_pages_show_every_game_once_and_their_tokens_belong_to_the_filter(lobby: Lobby) -> None:
    await until(lambda: lobby.games(provider="pragmatic_style"))

    async def page(token: str, **filters: str) -> catalog.ListGamesResponse:
        request = catalog.ListGamesRequest(page_size=2, page_token=token, **filters)  # type: ignore[arg-type]
        return await lobby.catalog.ListGames(request, timeout=20, metadata=call_metadata(LICENSEE))

    seen, token = [], ""
    while True:
        answer = await page(token)
        seen += [(game.provider, game.game_id) for game in answer.games]
        token = answer.next_page_token
        if not token:
            break
    assert seen == sorted(set(seen))
    assert {provider for provider, _ in seen} == {PROVIDER, "pragmatic_style"}
    first = (await page("")).next_page_token
    for call in (page(first, provider=PROVIDER), page("nonsense"), page(first[:-2])):
        told = await refusal(call)
        assert (told.code, told.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_PAGE_TOKEN_INVALID")


async def test_launches_that_wait_for_the_database_keep_no_stake_waiting(stack: Stack, lobby: Lobby) -> None:
    playing = await lobby.player()
    await launched(lobby, playing)
    token = (await known(lobby, playing)).token
    waiting = [await lobby.player() for _ in range(12)]
    url = stack.postgres.database("pitboss_session").owner_url
    look = psycopg.AsyncConnection.connect(stack.postgres.admin_url, autocommit=True)
    hold = psycopg.AsyncConnection.connect(url)
    async with await look as watcher, await hold as blocker:
        await blocker.execute("LOCK TABLE session IN SHARE ROW EXCLUSIVE MODE")
        launches = [asyncio.create_task(lobby.create(player)) for player in waiting]

        async def are_stuck() -> bool:
            found = await watcher.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'session_svc'"
            )
            return int((await found.fetchall())[0][0]) >= CONNECTIONS

        await until(are_stuck)
        request = directory.ResolveSessionRequest(token=token, exact=True)
        answers = [await lobby.directory.ResolveSession(request, timeout=20) for _ in range(10)]
    assert {answer.token for answer in answers} == {token}
    for launch in launches:
        with contextlib.suppress(grpc.aio.AioRpcError):
            SECRETS.add((await launch).launch_url.rpartition("/")[2])


# -- last, because the clock of the whole mesh moves


async def test_a_session_whose_time_is_over_is_expired_everywhere(stack: Stack, lobby: Lobby) -> None:
    player = await lobby.player()
    session = await launched(lobby, player)
    token = (await known(lobby, player)).token
    await lobby.by_token(token)
    stack.advance_clock(6 * 3600 + 1)
    found = await lobby.get(session.session_id)
    assert (found.state, found.end_time) == (pb.SESSION_STATE_EXPIRED, session.expire_time)
    assert (await lobby.by_token(token)).session.state == pb.SESSION_STATE_EXPIRED
    assert await lobby.bet(player, session.session_id) == "SESSION_EXPIRED"
    request = pb.WatchSessionsRequest(player_id=player)
    stream = lobby.sessions.WatchSessions(request, metadata=call_metadata(LICENSEE))
    states = [(await read(stream, seconds=10)).session.state for _ in range(2)]
    stream.cancel()
    assert states == [pb.SESSION_STATE_ACTIVE, pb.SESSION_STATE_EXPIRED]


async def test_no_token_and_no_address_was_logged(stack: Stack) -> None:
    assert SECRETS
    for path in (stack.run / "log").iterdir():
        text = path.read_text(errors="replace")
        assert [one for one in SECRETS if one in text] == [], path.name
