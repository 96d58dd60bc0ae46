"""What is down is one part at a time: bets, wins and cancels do what design says, and the books agree afterwards."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import grpc
import pytest

from mesh.dev.child import Command, spawn
from mesh.dev.paths import ROOT
from mesh.dev.ports import free_ports
from mesh.dev.ready import GrpcHealth
from mesh.status import RemoteError, read_error
from pitboss.provider.v1 import provider_adapter_service_pb2 as pb
from pitboss.wallet.v1 import action_pb2
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.studio.ports import Act, ActKind, Answer, Seat, StudioParts
from provider_adapters.hub88_style.studio import Hub88StyleStudio, create
from tests.integration.mesh.waiting import eventually, until
from tests.integration.provider_adapters.office import LICENSEE, Launched, Office
from tests.integration.provider_adapters.patience import PATIENCE_S

PROVIDER = "hub88_style"
SLOT = "demo_fruit_5"
LIVE = "demo_live_roulette"
STAKE = Decimal("1.00")


class Teller:
    """Sends single messages as the studio would, and shows what came back."""

    def __init__(self, office: Office, launched: Launched) -> None:
        self._office = office
        credentials = json.loads((office.stack.around.credentials / f"{PROVIDER}.studio.json").read_text())
        self.url = office.stack.around.callback_url(PROVIDER)
        self._dialect: Hub88StyleStudio = create(StudioParts(credentials=credentials, callback_url=self.url))
        self.seat = Seat(launch_id="test", user=launched.user, token=launched.token, currency_code="EUR", game_id=SLOT)
        self.bet = Act(
            kind=ActKind.BET,
            seat=self.seat,
            transaction_key=str(uuid.uuid4()),
            round_id=str(uuid.uuid4()),
            game_id=SLOT,
            amount=STAKE,
        )
        self.win = replace(
            self.bet, kind=ActKind.WIN, transaction_key=str(uuid.uuid4()), bet_key=self.bet.transaction_key, closes=True
        )
        self.cancel = replace(
            self.bet, kind=ActKind.CANCEL, transaction_key=str(uuid.uuid4()), bet_key=self.bet.transaction_key
        )

    async def say(self, act: Act) -> Answer:
        """Send once and read the answer."""
        request = self._dialect.write(act)
        reply = await self._office.http.post(
            self.url + request.path, content=request.body, headers=dict(request.headers)
        )
        return self._dialect.read(act, HttpReply(status=reply.status_code, body=reply.content))

    async def until_ok(self, act: Act, within_s: float = 100) -> Answer:
        """Send until it is accepted."""
        async with asyncio.timeout(within_s):
            while (answer := await self.say(act)).code != "RS_OK":
                await asyncio.sleep(0.1)
        return answer


async def launched(office: Office) -> Teller:
    return Teller(office, await office.launch(PROVIDER, SLOT))


@pytest.fixture
async def whole(office: Office) -> AsyncIterator[Office]:
    """Puts everything right again, whatever the test broke."""
    try:
        yield office
    finally:
        await office.control(PROVIDER, "POST", "up")
        for name in ("wallet_svc-1", "wallet_svc-2"):
            office.stack.thaw(name)
        await provider_is(office, up=True)


async def provider_is(office: Office, *, up: bool, within_s: float = 30) -> None:
    """Wait for a state of the provider's health."""
    wanted = pb.PROVIDER_HEALTH_UP if up else pb.PROVIDER_HEALTH_DOWN
    async with asyncio.timeout(within_s):
        async for state in office.adapter(PROVIDER).WatchHealth(pb.WatchHealthRequest()):
            if state.health == wanted:
                return


@pytest.mark.parametrize("mode", ["refuse", "hang"])
async def test_an_outage_is_known_by_itself_and_its_end_too(whole: Office, mode: str) -> None:
    await provider_is(whole, up=True)
    await whole.control(PROVIDER, "POST", "down", mode=mode)
    # How soon is a matter of the plan of the probes, which has tests of its own.
    await provider_is(whole, up=False)
    told = await refused_for_the_breaker(whole)
    assert told.metadata["provider"] == PROVIDER
    assert told.retry_after is not None
    await catalog_follows(whole, wanted=False)
    await whole.control(PROVIDER, "POST", "up")
    await provider_is(whole, up=True)
    await catalog_follows(whole, wanted=True)
    assert (await whole.launch(PROVIDER, SLOT)).launch_url


async def refused_for_the_breaker(office: Office) -> RemoteError:
    """What a call is told that was not the one which finds out whether the provider is back."""
    async with asyncio.timeout(60):
        while True:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await office.adapter(PROVIDER).ListProviderGames(pb.ListProviderGamesRequest(), timeout=20)
            told = read_error(raised.value)
            assert told.code is grpc.StatusCode.UNAVAILABLE
            if told.reason == "ERROR_REASON_BREAKER_OPEN":
                return told


async def catalog_follows(office: Office, *, wanted: bool) -> None:
    """Wait until the catalog follows the provider's health."""
    async with asyncio.timeout(30):
        while bool(await office.offered(PROVIDER)) is not wanted:
            await asyncio.sleep(0.02)


async def test_while_the_provider_is_down_bets_are_refused_and_wins_and_cancels_pass(whole: Office) -> None:
    first, second, third = [await launched(whole) for _ in range(3)]
    assert (await first.say(first.bet)).code == "RS_OK"
    assert (await second.say(second.bet)).code == "RS_OK"
    await whole.control(PROVIDER, "POST", "down")
    await provider_is(whole, up=False)
    assert (await third.say(third.bet)).code == "RS_ERROR_UNKNOWN"
    assert (await third.say(third.cancel)).code == "RS_OK"
    assert (await first.say(first.win)).code == "RS_OK"
    cancelled = await second.say(second.cancel)
    assert (cancelled.code, cancelled.balance) == ("RS_OK", Decimal(100))


async def test_while_the_session_service_is_down_known_players_play_and_everybody_is_paid(whole: Office) -> None:
    known, unknown = await launched(whole), await launched(whole)
    assert (await unknown.say(unknown.bet)).code == "RS_OK"
    whole.stack.restart(PROVIDER)
    await provider_is(whole, up=True)
    assert (await known.until_ok(known.bet)).code == "RS_OK"
    await whole.close_directory()
    again = replace(known.bet, transaction_key=str(uuid.uuid4()))
    assert (await known.say(again)).code == "RS_OK"
    assert (await known.say(known.win)).code == "RS_OK"
    stranger = replace(unknown.bet, transaction_key=str(uuid.uuid4()))
    assert (await unknown.say(stranger)).code == "RS_ERROR_UNKNOWN"
    assert (await unknown.say(unknown.win)).code == "RS_OK"


@pytest.mark.parametrize("frozen", ["wallet_svc-1", "wallet_svc-2"])
async def test_a_wallet_that_hangs_costs_time_and_no_answer(whole: Office, frozen: str) -> None:
    tellers = [await launched(whole) for _ in range(4)]
    whole.stack.freeze(frozen)
    began = time.monotonic()
    answers = await asyncio.gather(*(teller.say(teller.bet) for teller in tellers))
    assert time.monotonic() - began < PATIENCE_S
    whole.stack.thaw(frozen)
    assert [answer.code for answer in answers] == ["RS_OK"] * 4
    assert [await whole.balance(teller.seat.user.partition(".")[2]) for teller in tellers] == ["99.00"] * 4


@pytest.fixture
def impatient(whole: Office) -> Iterator[str]:
    """Where a second adapter is called, which has as little time as the provider's manifest says."""
    process, around = whole.stack.process_list[PROVIDER], whole.stack.around
    listen, callbacks = (f"127.0.0.1:{port}" for port in free_ports(2))
    own = {"PITBOSS_LISTEN": listen, "PITBOSS_CALLBACK_LISTEN": callbacks, "PITBOSS_PROBE_TIMEOUT_MS": "4000"}
    health = GrpcHealth(address=listen, tls=around.tls / "platform")
    adapter = spawn(
        Command(
            name="impatient",
            argv=process.argv,
            environment={**process.environment, **own},
            log=around.run / "log" / "impatient.log",
            directory=ROOT,
        )
    )
    try:
        until(lambda: not health.check(1), "the second adapter is ready")
        yield f"http://{callbacks}"
    finally:
        adapter.stop()


async def test_without_any_wallet_the_provider_hears_unknown_in_time_and_later_everything_is_put_right(
    whole: Office, impatient: str
) -> None:
    teller, other = await launched(whole), await launched(whole)
    for each in (teller, other):
        each.url = impatient
        await each.until_ok(each.bet)
    stake = replace(other.bet, transaction_key=str(uuid.uuid4()))
    for name in ("wallet_svc-1", "wallet_svc-2"):
        whole.stack.freeze(name)
    began = time.monotonic()
    bet, win = await asyncio.gather(other.say(stake), teller.say(teller.win))
    assert time.monotonic() - began < 4.0
    assert {bet.code, win.code} == {"RS_ERROR_TIMEOUT"}
    for name in ("wallet_svc-1", "wallet_svc-2"):
        whole.stack.thaw(name)
    assert (await teller.until_ok(teller.win)).balance == Decimal(100)
    assert (await other.until_ok(replace(other.cancel, bet_key=stake.transaction_key))).balance == Decimal(99)


async def test_a_killed_wallet_is_not_noticed_by_players(whole: Office) -> None:
    tellers = [await launched(whole) for _ in range(4)]
    whole.stack.kill("wallet_svc-2")
    try:
        assert [(await teller.say(teller.bet)).code for teller in tellers] == ["RS_OK"] * 4
    finally:
        whole.stack.restart("wallet_svc-2")


async def wild_play(office: Office, rounds: int) -> tuple[list[Launched], str]:
    seats = [await office.launch(PROVIDER, game) for game in (SLOT, LIVE, LIVE)]
    chaos = {"lost_reply": 0.1, "impatient": 0.1, "twins": 0.1, "cancel_first": 0.05, "void": 0.05}
    play = await office.control(
        PROVIDER, "POST", "play", players=[seat.launch_url for seat in seats], rounds=rounds, seed=11, chaos=chaos
    )
    return seats, play["play_id"]


async def settled(office: Office, within_s: float = 100) -> dict[str, Any]:
    """The studio's books once nothing is open any more."""
    async with asyncio.timeout(within_s):
        while (record := await office.control(PROVIDER, "GET", "record"))["unresolved"] or record["settling"]:
            await asyncio.sleep(0.2)
    return record  # type: ignore[no-any-return]


async def books_agree(office: Office, seats: list[Launched]) -> None:
    record = await settled(office)
    assert record["disputed"] == []
    rows = {row["user"]: row for row in record["players"]}
    for seat in seats:
        row = rows[f"{LICENSEE}.{seat.player}"]
        assert Decimal(await office.balance(seat.player)) == 100 - Decimal(row["staked"]) + Decimal(row["won"])


async def test_an_adapter_that_is_killed_in_the_middle_of_play_loses_nothing(whole: Office) -> None:
    seats, play_id = await wild_play(whole, rounds=20)
    await asyncio.sleep(1.0)
    whole.stack.kill(PROVIDER)
    await asyncio.sleep(0.5)
    whole.stack.restart(PROVIDER)
    done = await whole.finished(PROVIDER, play_id)
    assert done["rounds"] == 60
    await books_agree(whole, seats)


async def test_a_studio_that_is_killed_in_the_middle_of_play_settles_when_it_is_back(whole: Office) -> None:
    seats, _ = await wild_play(whole, rounds=10_000)
    await asyncio.sleep(1.5)
    whole.stack.kill(f"studio-{PROVIDER}")
    whole.stack.restart(f"studio-{PROVIDER}")
    await books_agree(whole, seats)
    messages = (await whole.control(PROVIDER, "GET", "messages?limit=5000"))["messages"]
    accepted = {each["round_id"] for each in messages if each["kind"] == "bet" and each["belief"] == "accepted"}
    states = [
        await whole.round_state(seat.player, PROVIDER, each)
        for seat in seats
        for each in accepted
        if any(message["round_id"] == each and message["user"] == seat.user for message in messages)
    ]
    assert states
    assert set(states) == {action_pb2.ROUND_STATE_CLOSED}


async def test_a_body_that_is_too_large_is_refused_in_the_providers_words(whole: Office) -> None:
    url = f"http://127.0.0.1:{whole.stack.around.ports.callbacks[PROVIDER]}/transaction/bet"
    reply = await whole.http.post(url, content=b"x" * 20_000)
    assert (reply.status_code, reply.json()["status"]) == (413, "RS_ERROR_WRONG_SYNTAX")


async def test_a_message_without_a_signature_is_a_security_event_and_leaves_no_trace_of_itself(whole: Office) -> None:
    reply = await whole.http.post(
        whole.stack.around.callback_url(PROVIDER) + "/transaction/bet", content=b'{"token":"do-not-log-me"}'
    )
    assert reply.json() == {"status": "RS_ERROR_INVALID_SIGNATURE", "request_uuid": ""}
    log = whole.stack.run / "log" / f"{PROVIDER}.log"
    await eventually(lambda: "signature_missing" in log.read_text(), timeout_s=30)
    assert "do-not-log-me" not in log.read_text()
