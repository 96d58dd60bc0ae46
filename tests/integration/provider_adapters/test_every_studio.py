"""Every real adapter and its real studio, through the real gateway, against two real wallets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

from mesh.dev.providers import discover
from mesh.dev.stack import Options, Stack
from pitboss.session.v1 import reconciliation_service_pb2 as pb
from pitboss.session.v1.reconciliation_service_pb2_grpc import ReconciliationServiceStub
from provider_adapters._kit.studio.scenarios import SCENARIOS
from tests.integration.provider_adapters.office import Launched, Office
from tests.integration.provider_adapters.patience import patient

NAMES = tuple(provider.name for provider in discover())

AT_ONCE = 3
CHAOS = {
    "lost_reply": 0.12,
    "lost_request": 0.05,
    "impatient": 0.1,
    "duplicate": 0.1,
    "twins": 0.1,
    "cancel_first": 0.05,
    "void": 0.05,
}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    options = Options(kind="studios", providers=frozenset(NAMES), ready_s=90, environment=patient(NAMES))
    with Stack(options) as running:
        yield running


@pytest.fixture(params=NAMES)
async def provider(office: Office, request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    await office.put_games(name)
    return name


async def differences(office: Office, provider: str, seats: list[Launched]) -> list[pb.ReconciliationCase]:
    """What reconciliation finds about these players, message by message."""
    stub = ReconciliationServiceStub(office._channel("platform", office.stack.around.ports.session))
    request, now = pb.ReconcileProviderRequest(provider=provider), time.time()
    request.start_time.FromMicroseconds(int((now - 3600) * 1e6))
    request.end_time.FromMicroseconds(int(now * 1e6))
    found = await stub.ReconcileProvider(request, timeout=60)
    assert found.messages > 0
    players = {seat.player for seat in seats}
    return [case for case in found.cases if case.player_id in players]


async def test_the_studio_sees_what_it_must_see_in_every_scenario(office: Office, provider: str) -> None:
    game = min(await office.offered(provider))

    gate = asyncio.Semaphore(AT_ONCE)

    async def failure(scenario: str) -> tuple[str, object] | None:
        async with gate:
            launched = await office.launch(provider, game)
            told = await office.control(provider, "POST", f"scenario/{scenario}", launch_url=launched.launch_url)
        return None if told["passed"] else (scenario, told["steps"])

    told = await asyncio.gather(*map(failure, SCENARIOS))
    assert [each for each in told if each] == []


async def test_books_of_studio_and_ledger_agree_to_the_cent_after_a_wild_play(office: Office, provider: str) -> None:
    games = await office.offered(provider)
    seats = [await office.launch(provider, games[number % len(games)]) for number in range(4)]
    play = await office.control(
        provider,
        "POST",
        "play",
        players=[seat.launch_url for seat in seats],
        rounds=15,
        seed=7,
        stakes=["0.20", "1.05", "0.01"],
        chaos=CHAOS,
    )
    done = await office.finished(provider, play["play_id"])
    assert (done["rounds"], done["crashed"]) == (60, 0)
    record = await office.control(provider, "GET", "record")
    assert (record["unresolved"], record["disputed"]) == ([], [])
    assert await differences(office, provider, seats) == []
    believed = {row["user"]: row for row in record["players"]}
    for seat in seats:
        row = believed[seat.user]
        expected = Decimal("100.00") - Decimal(row["staked"]) + Decimal(row["won"])
        assert Decimal(await office.balance(seat.player)) == expected
