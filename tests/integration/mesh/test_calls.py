"""What every call gets from the server, whatever its kind."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest

from mesh.errors import Kind, MeshError
from mesh.identity import current_caller
from mesh.status import DETAILS_KEY
from pitboss.type.v1.money_pb2 import Money
from tests.integration.mesh.harness import (
    GOOD,
    SERVICE,
    Echo,
    EchoStub,
    World,
    collect,
    domains,
    refusal,
    serving,
)
from tests.integration.mesh.waiting import eventually

BAD = Money(currency_code="eur", amount="1e5")


class PlayerNotFoundError(MeshError):
    """The licensee has no such player."""

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_PLAYER_NOT_FOUND"


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "mesh.calls"]


async def sending_two(first: Money, second: Money) -> AsyncIterator[Money]:
    yield first
    yield second


async def test_all_four_kinds_of_methods_are_served(world: World) -> None:
    async with serving(world) as running:
        stub = await running.stub()
        one, two = Money(currency_code="EUR", amount="1"), Money(currency_code="EUR", amount="2")
        assert await stub.Unary(GOOD, timeout=20) == GOOD
        assert await collect(stub.Sending(GOOD, timeout=20)) == ["0", "1", "2"]
        assert (await stub.Reading(sending_two(one, two), timeout=20)).amount == "3.00"
        assert await collect(stub.Both(sending_two(one, two), timeout=20)) == ["1", "2"]
        assert [running.calls(name, "OK") for name in ("Unary", "Sending", "Reading", "Both")] == [1, 1, 1, 1]


async def test_each_rule_that_a_request_breaks_is_named(world: World) -> None:
    async with serving(world) as running:
        stub = await running.stub()
        for call in (stub.Unary(BAD, timeout=20), anext(aiter(stub.Sending(BAD, timeout=20)))):
            refused = await refusal(call)
            assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
            assert [field for field, _ in refused.violations] == ["currency_code", "amount"]


async def test_each_message_of_a_stream_of_requests_is_checked(world: World) -> None:
    async with serving(world) as running:
        stub = await running.stub()
        assert (await refusal(stub.Reading(sending_two(GOOD, BAD), timeout=20))).reason == "REQUEST_INVALID"
        call = stub.Both(sending_two(GOOD, BAD), timeout=20)
        assert await anext(aiter(call)) == GOOD
        assert (await refusal(anext(aiter(call)))).reason == "REQUEST_INVALID"


async def test_bytes_that_are_no_message_are_the_callers_mistake(world: World) -> None:
    async with serving(world) as running:
        raw: Any = (await running.channel()).unary_unary(f"/{SERVICE}/Unary")
        for garbage in (b"\xff\xff\xff", b"\x0a\x02\xff\xfe"):
            refused = await refusal(raw(garbage, timeout=20))
            assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")


async def test_a_message_that_is_too_large_is_refused_with_the_limit(world: World) -> None:
    async with serving(world, max_message_bytes=1000) as running:
        raw: Any = (await running.channel()).unary_unary(f"/{SERVICE}/Unary")
        refused = await refusal(raw(b"x" * 1001, timeout=20))
        assert (refused.code, refused.reason) == ("RESOURCE_EXHAUSTED", "MESSAGE_TOO_LARGE")
        assert refused.metadata["limit_bytes"] == "1000"
        assert (await refusal(raw(b"x" * 100_000, timeout=20))).code == "RESOURCE_EXHAUSTED"
        assert await (await running.stub()).Unary(GOOD, timeout=20) == GOOD


async def test_an_error_of_ours_arrives_with_reason_domain_and_metadata(world: World) -> None:
    async def unary(request: Money, context: Any) -> Money:
        raise PlayerNotFoundError(player_id="pl-7001", retry_after=1.5, violations=[("player_id", "is not known")])

    async with serving(world, Echo(unary=unary)) as running:
        stub = await running.stub()
        metadata = [("x-request-id", "req-1")]
        refused = await refusal(stub.Unary(GOOD, timeout=20, metadata=metadata))
        assert (refused.code, refused.reason) == ("NOT_FOUND", "PLAYER_NOT_FOUND")
        assert refused.metadata == {"player_id": "pl-7001", "request_id": "req-1"}
        assert refused.violations == (("player_id", "is not known"),)
        assert refused.retry_after == 1.5
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.Unary(GOOD, timeout=20)
        assert domains(raised.value) == ["pitboss"]
        assert raised.value.details() == "The licensee has no such player."


async def test_an_unexpected_exception_tells_the_caller_nothing_and_the_log_everything(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def unary(request: Money, context: Any) -> Money:
        raise RuntimeError("canary 4711")

    async def sending(request: Money, context: Any) -> AsyncIterator[Money]:
        yield request
        raise RuntimeError("canary 4711")

    async with serving(world, Echo(unary=unary, sending=sending)) as running:
        stub = await running.stub()
        metadata = [("x-request-id", "req-2")]
        refused = await refusal(stub.Unary(GOOD, timeout=20, metadata=metadata))
        stream_refused = await refusal(collect(stub.Sending(GOOD, timeout=20, metadata=metadata)))
    for one in (refused, stream_refused):
        assert (one.code, one.reason, one.metadata) == ("INTERNAL", "INTERNAL", {"request_id": "req-2"})
        assert "canary" not in one.raw
        assert "RuntimeError" not in one.raw
    told = [record for record in caplog.records if record.name == "mesh.calls"]
    assert [record.exc_info[1].args for record in told if record.exc_info and record.exc_info[1]] == [
        ("canary 4711",),
        ("canary 4711",),
    ]
    assert [json.loads(json.dumps(record.pitboss_fields))["request_id"] for record in told] == ["req-2", "req-2"]  # type: ignore[attr-defined]


async def test_an_answer_that_cannot_be_sent_is_internal(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def unary(request: Money, context: Any) -> Money:
        return None  # type: ignore[return-value]

    async with serving(world, Echo(unary=unary)) as running:
        refused = await refusal((await running.stub()).Unary(GOOD, timeout=20))
    assert (refused.code, refused.reason) == ("INTERNAL", "INTERNAL")


async def test_a_servicer_may_abort_by_itself(world: World) -> None:
    async def unary(request: Money, context: Any) -> Money:
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now")
        return request

    async with serving(world, Echo(unary=unary)) as running:
        refused = await refusal((await running.stub()).Unary(GOOD, timeout=20))
        assert refused.code == "FAILED_PRECONDITION"
        # The answer leaves inside `abort`, before the call is counted.
        await eventually(lambda: running.calls("Unary", "FAILED_PRECONDITION") == 1)


async def test_a_call_without_a_deadline_gets_the_servers(world: World) -> None:
    async def unary(request: Money, context: Any) -> Money:
        assert current_caller().deadline_s is None
        await asyncio.sleep(100)
        return request

    async with serving(world, Echo(unary=unary), default_deadline_ms=100) as running:
        refused = await refusal((await running.stub()).Unary(GOOD))
        assert (refused.code, refused.reason) == ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")
        assert refused.metadata["method"] == f"/{SERVICE}/Unary"


async def test_a_deadline_that_is_too_long_is_shortened(world: World) -> None:
    async def unary(request: Money, context: Any) -> Money:
        await asyncio.sleep(100)
        return request

    async with serving(world, Echo(unary=unary), max_deadline_ms=100) as running:
        assert (await refusal((await running.stub()).Unary(GOOD, timeout=60))).reason == "DEADLINE_EXCEEDED"


async def test_a_timeout_of_the_servicers_own_is_not_taken_for_the_deadline(world: World) -> None:
    async def unary(request: Money, context: Any) -> Money:
        raise TimeoutError

    async with serving(world, Echo(unary=unary)) as running:
        assert (await refusal((await running.stub()).Unary(GOOD))).reason == "INTERNAL"


@pytest.mark.parametrize("kind", ["unary", "sending"])
async def test_the_servicer_is_cancelled_when_its_caller_goes_away(world: World, kind: str) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        started.set()
        try:
            await asyncio.sleep(100)
        finally:
            ended.set()

    async def unary(request: Money, context: Any) -> Money:
        await wait()
        return request

    async def sending(request: Money, context: Any) -> AsyncIterator[Money]:
        await wait()
        yield request

    async with serving(world, Echo(unary=unary, sending=sending)) as running:
        stub = await running.stub()
        call = stub.Unary(GOOD, timeout=60) if kind == "unary" else stub.Sending(GOOD, timeout=60)
        reading = asyncio.ensure_future(call if kind == "unary" else anext(aiter(call)))
        await asyncio.wait_for(started.wait(), 30)
        call.cancel()
        await asyncio.wait_for(ended.wait(), 30)
        await asyncio.gather(reading, return_exceptions=True)
        method = kind.capitalize()
        await eventually(lambda: running.calls(method, "CANCELLED") == 1)


async def test_a_call_whose_deadline_passes_is_counted_as_such(world: World) -> None:
    async def unary(request: Money, context: Any) -> Money:
        # The caller's clock began earlier, by however long the call was on its way: it is heard when ours is all but over.
        time.sleep(max(0.0, context.time_remaining() - 0.05))  # noqa: ASYNC251 - nothing else may happen meanwhile
        await asyncio.sleep(100)
        return request

    async with serving(world, Echo(unary=unary)) as running:
        channel = await running.channel()
        await channel.channel_ready()
        refused = await refusal(EchoStub(channel).Unary(GOOD, timeout=3))
        assert refused.code == "DEADLINE_EXCEEDED"
        await eventually(lambda: running.calls("Unary", "DEADLINE_EXCEEDED") == 1)


async def test_something_inside_that_was_cancelled_does_not_leave_the_caller_waiting(world: World) -> None:
    async def unary(request: Money, context: Any) -> Money:
        inner = asyncio.create_task(asyncio.sleep(100))
        inner.cancel()
        await inner
        return request

    async with serving(world, Echo(unary=unary)) as running:
        assert (await refusal((await running.stub()).Unary(GOOD, timeout=20))).reason == "INTERNAL"


async def test_more_calls_than_the_limit_are_refused_and_the_others_go_on(world: World) -> None:
    gate = asyncio.Event()

    async def unary(request: Money, context: Any) -> Money:
        await gate.wait()
        return request

    async with serving(world, Echo(unary=unary), max_concurrent_calls=2) as running:
        stub = await running.stub()
        waiting = [asyncio.ensure_future(stub.Unary(GOOD, timeout=60)) for _ in range(2)]
        await eventually(lambda: running.mesh._desk.calls == 2)
        # A second connection: gRPC itself limits the streams of one.
        refused = await refusal((await running.stub("session_svc")).Unary(GOOD, timeout=20))
        assert (refused.code, refused.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
        assert refused.retry_after == 0.1
        gate.set()
        assert await asyncio.gather(*waiting) == [GOOD, GOOD]
        assert await stub.Unary(GOOD, timeout=20) == GOOD


async def test_streams_have_a_limit_of_their_own(world: World) -> None:
    async def sending(request: Money, context: Any) -> AsyncIterator[Money]:
        yield request
        await asyncio.sleep(100)

    async with serving(world, Echo(sending=sending), max_concurrent_streams=1) as running:
        stub = await running.stub()
        first = stub.Sending(GOOD)
        assert await anext(aiter(first)) == GOOD
        assert (await refusal(anext(aiter(stub.Sending(GOOD))))).reason == "OVERLOADED"
        assert await stub.Unary(GOOD, timeout=20) == GOOD
        first.cancel()
        await eventually(lambda: running.mesh._desk.streams == 0)


async def test_every_stream_that_only_sends_is_told_when_the_server_drains(world: World) -> None:
    async def sending(request: Money, context: Any) -> AsyncIterator[Money]:
        while True:
            yield request
            await asyncio.sleep(0.001)

    async def rest(answers: AsyncIterator[Money]) -> None:
        async for _ in answers:
            pass

    async with serving(world, Echo(sending=sending), drain_seconds=60.0) as running:
        stub = await running.stub()
        streams = [aiter(stub.Sending(GOOD)) for _ in range(50)]
        await asyncio.gather(*[anext(stream) for stream in streams])
        ends = [asyncio.create_task(refusal(rest(stream))) for stream in streams]
        async with asyncio.timeout(30):
            await running.mesh.stop()
            assert {(end.code, end.reason) for end in await asyncio.gather(*ends)} == {
                ("UNAVAILABLE", "DEPENDENCY_DOWN")
            }


async def test_a_stream_in_both_directions_may_end_by_itself_while_the_server_drains(world: World) -> None:
    more = asyncio.Event()

    async def questions() -> AsyncIterator[Money]:
        yield GOOD
        await more.wait()
        yield GOOD

    async with serving(world, drain_seconds=60.0) as running:
        answers = aiter((await running.stub()).Both(questions()))
        await anext(answers)
        stopping = asyncio.create_task(running.mesh.stop())
        await eventually(lambda: running.mesh._desk.draining)
        more.set()
        assert [answer.amount async for answer in answers] == ["12.50"]
        await asyncio.wait_for(stopping, 30)


async def test_a_failed_call_to_another_process_is_told_as_a_dependency_that_is_down(world: World) -> None:
    async with serving(world) as other:
        stub_of_other = await other.stub()

        async def unary(request: Money, context: Any) -> Money:
            answer: Money = await stub_of_other.Unary(request, timeout=10)
            return answer

        await other.mesh.stop()
        async with serving(world, Echo(unary=unary)) as running:
            refused = await refusal((await running.stub()).Unary(GOOD, timeout=20))
    assert (refused.code, refused.reason) == ("UNAVAILABLE", "DEPENDENCY_DOWN")


async def test_the_caller_is_known_through_a_whole_stream_and_calls_do_not_mix(world: World) -> None:
    async def both(requests: AsyncIterator[Money], context: Any) -> AsyncIterator[Money]:
        async for request in requests:
            await asyncio.sleep(0)
            assert current_caller().licensee == f"licensee-{request.amount}"
            yield request

    async def chat(number: int) -> list[str]:
        message = Money(currency_code="EUR", amount=str(number))
        metadata = [("x-pitboss-licensee", f"licensee-{number}")]
        stub = await running.stub()
        return await collect(stub.Both(sending_two(message, message), timeout=20, metadata=metadata))

    async with serving(world, Echo(both=both)) as running:
        answers = await asyncio.gather(*[chat(number) for number in range(10)])
    assert answers == [[str(number)] * 2 for number in range(10)]


async def test_an_unknown_method_is_unimplemented(world: World) -> None:
    async with serving(world) as running:
        call: Any = (await running.channel()).unary_unary("/pitboss.test.v1.EchoService/Missing")
        assert (await refusal(call(b"", timeout=20))).code == "UNIMPLEMENTED"


async def test_a_success_writes_no_line_and_a_slow_one_does(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def unary(request: Money, context: Any) -> Money:
        await asyncio.sleep(0.05)
        return request

    async with serving(world, Echo(unary=unary), slow_call_ms=60_000) as running:
        await (await running.stub()).Unary(GOOD, timeout=20)
    assert lines(caplog) == []
    async with serving(world, Echo(unary=unary), slow_call_ms=40) as running:
        await (await running.stub()).Unary(GOOD, timeout=20)
    assert lines(caplog) == ["slow call"]


async def test_refused_callers_are_security_events(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(world) as running:
        await refusal((await running.stub("compliance_svc")).Unary(GOOD, timeout=20))
    events = [record.pitboss_fields for record in caplog.records if record.name == "mesh.calls"]  # type: ignore[attr-defined]
    assert [(event["security"], event["reason"]) for event in events] == [(True, "ERROR_REASON_CALLER_FORBIDDEN")]
    assert events[0]["detail"] == {"workload": "compliance_svc"}


async def test_details_are_sent_in_the_standard_trailer(world: World) -> None:
    async with serving(world) as running:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await (await running.stub()).Unary(BAD, timeout=20)
    trailing: Any = raised.value.trailing_metadata()
    assert DETAILS_KEY in dict(trailing)
