"""Calls between processes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import grpc
import grpc.aio
import pytest

from mesh.channels import AffinityStub, call_metadata, loopback_channel
from mesh.dev.ports import free_port
from mesh.errors import Kind, MeshError
from mesh.identity import Caller, set_current_caller
from pitboss.type.v1.money_pb2 import Money
from tests.integration.mesh.harness import GOOD, Echo, EchoStub, Running, World, refusal, serving


class SoldOutError(MeshError):
    """Nothing is left."""

    kind = Kind.FAILED_PRECONDITION
    reason = "ERROR_REASON_SOLD_OUT"


class Replica:
    """Counts its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.error: Exception | None = None

    @property
    def echo(self) -> Echo:
        async def unary(request: Money, context: Any) -> Money:
            self.calls.append(request.amount)
            if self.error is not None:
                raise self.error
            return request

        return Echo(unary=unary)


async def replicas(stack: AsyncExitStack, world: World, number: int) -> tuple[list[Running], list[Replica], Any]:
    behind = [Replica() for _ in range(number)]
    servers = [await stack.enter_async_context(serving(world, replica.echo)) for replica in behind]
    channels = [await running.channel() for running in servers]
    return servers, behind, AffinityStub(channels, EchoStub)


async def test_a_player_stays_with_one_replica_and_players_are_spread(world: World) -> None:
    async with AsyncExitStack() as stack:
        _, behind, stub = await replicas(stack, world, 2)
        for player in range(40):
            message = Money(currency_code="EUR", amount=str(player))
            for _ in range(2):
                await stub.call("Unary", message, licensee="aurora", player=f"pl-{player}", timeout_s=20)
    first, second = (set(replica.calls) for replica in behind)
    assert first.isdisjoint(second)
    assert min(len(first), len(second)) >= 8
    assert [len(replica.calls) for replica in behind] == [2 * len(first), 2 * len(second)]


async def test_the_next_replica_answers_while_the_players_own_is_gone(world: World) -> None:
    async with AsyncExitStack() as stack:
        servers, behind, stub = await replicas(stack, world, 2)
        await stub.call("Unary", GOOD, licensee="aurora", player="pl-1", timeout_s=20)
        own = 0 if behind[0].calls else 1
        await servers[own].mesh.stop()
        answers = [await stub.call("Unary", GOOD, licensee="aurora", player="pl-1", timeout_s=20) for _ in range(5)]
        assert answers == [GOOD] * 5
        assert len(behind[1 - own].calls) == 5


async def test_an_answer_that_is_an_error_is_not_asked_for_twice(world: World) -> None:
    async with AsyncExitStack() as stack:
        _, behind, stub = await replicas(stack, world, 2)
        for replica in behind:
            replica.error = SoldOutError()
        refused = await refusal(stub.call("Unary", GOOD, licensee="aurora", player="pl-1", timeout_s=20))
        assert refused.reason == "SOLD_OUT"
        assert sum(len(replica.calls) for replica in behind) == 1


async def test_when_no_replica_is_there_the_last_failure_is_told(world: World) -> None:
    async with AsyncExitStack() as stack:
        servers, _, stub = await replicas(stack, world, 2)
        for running in servers:
            await running.mesh.stop()
        refused = await refusal(stub.call("Unary", GOOD, licensee="aurora", player="pl-1", timeout_s=2))
        assert refused.code == "UNAVAILABLE"


async def test_a_restarted_server_is_found_again_soon(world: World) -> None:
    address = f"127.0.0.1:{free_port()}"
    async with serving(world, listen=address) as running:
        stub = await running.stub()
        assert await stub.Unary(GOOD, timeout=20) == GOOD
        await running.mesh.stop()
        assert (await refusal(stub.Unary(GOOD, timeout=20))).code == "UNAVAILABLE"
        async with serving(world, listen=address):
            async with asyncio.timeout(20):
                while True:
                    try:
                        assert await stub.Unary(GOOD, timeout=1) == GOOD
                        break
                    except grpc.aio.AioRpcError:
                        await asyncio.sleep(0.05)


async def test_the_request_id_of_the_call_being_served_goes_on(world: World) -> None:
    set_current_caller(Caller("platform", request_id="req-7"))
    assert call_metadata("aurora") == (("x-pitboss-licensee", "aurora"), ("x-request-id", "req-7"))
    set_current_caller(None)
    assert call_metadata(source="hub88_style") == (("x-pitboss-source", "hub88_style"),)


def test_nobody_beyond_this_computer_is_called_without_certificates() -> None:
    with pytest.raises(ValueError, match="not on this computer"):
        loopback_channel("wallet.example:7001")
