"""A whole process: start, probes, signals, drain, crashes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from mesh.channels import secure_channel
from mesh.dev.ports import free_port
from pitboss.type.v1.money_pb2 import Money
from tests.integration.mesh.harness import SERVICE, EchoStub, World, refusal
from tests.integration.mesh.waiting import eventually

ROOT = Path(__file__).parents[3]
PYTHON_PATH = os.pathsep.join(str(ROOT / part) for part in ("", "gen", "sdk"))
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A running child and how to talk to it."""

    child: asyncio.subprocess.Process
    port: int
    world: World
    events: Path

    def channel(self) -> grpc.aio.Channel:
        return secure_channel(f"localhost:{self.port}", self.world.tls("platform"))

    async def ready(self) -> None:
        async with self.channel() as channel, asyncio.timeout(60):
            await channel.channel_ready()

    async def end(self, number: int = signal.SIGTERM) -> int:
        self.child.send_signal(number)
        return await asyncio.wait_for(self.child.wait(), 60)

    async def lines(self) -> list[dict[str, Any]]:
        assert self.child.stdout is not None
        return [json.loads(line) async for line in self.child.stdout]

    def told(self) -> list[str]:
        return self.events.read_text().splitlines()

    async def calling(self, channel: grpc.aio.Channel, seconds: str) -> asyncio.Future[Any]:
        """A call that takes so long, once the process is busy with it."""
        call = EchoStub(channel).Unary(Money(currency_code="EUR", amount=seconds), timeout=100)
        waiting: asyncio.Future[Any] = asyncio.ensure_future(call)
        await eventually(lambda: "call in flight" in self.told())
        return waiting


def environment(world: World, port: int, **changes: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": PYTHON_PATH,
        "PITBOSS_LISTEN": f"127.0.0.1:{port}",
        "PITBOSS_TLS_DIR": str(world.tls_dir("wallet_svc")),
        "PITBOSS_ENVIRONMENT": "development",
        "PITBOSS_NOTICE_SECONDS": "0.1",
        "PITBOSS_DRAIN_SECONDS": "30",
        "PITBOSS_EVENTS": str(world.folder / "events"),
        **changes,
    }


@contextlib.asynccontextmanager
async def working(world: World, **changes: str) -> AsyncIterator[Worker]:
    port = free_port()
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.mesh.worker",
        cwd=ROOT,
        env=environment(world, port, **changes),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Worker(child=child, port=port, world=world, events=world.folder / "events")
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def check(channel: grpc.aio.Channel, service: str = "") -> Any:
    request = health_pb2.HealthCheckRequest(service=service)
    return (await health_pb2_grpc.HealthStub(channel).Check(request, timeout=20)).status


async def until_refused(channel: grpc.aio.Channel) -> None:
    """Return once new calls are refused as a server does that is going away."""
    call, code = EchoStub(channel).Unary, grpc.StatusCode.OK
    async with asyncio.timeout(60):
        # A call that meets the very moment is cancelled.
        while code in {grpc.StatusCode.OK, grpc.StatusCode.CANCELLED}:
            await asyncio.sleep(0.02)
            code = await call(Money(currency_code="EUR", amount="0"), timeout=20).code()
    assert code is grpc.StatusCode.UNAVAILABLE


async def test_sigterm_lets_a_call_in_flight_end_and_refuses_new_ones(world: World) -> None:
    async with working(world) as worker:
        await worker.ready()
        async with worker.channel() as channel, worker.channel() as other:
            await other.channel_ready()
            in_flight = await worker.calling(channel, "1.5")
            ending = asyncio.create_task(worker.end())
            await until_refused(other)
            assert (await in_flight).amount == "1.5"
            assert await ending == 0
        assert worker.told() == ["building", "call in flight", "idle ended", "closed second part", "closed first part"]
        events = [line["event"] for line in await worker.lines()]
        assert events[0] == "ready"
        assert events[-1] == "stopped"
        assert "closing failed" in events


async def test_probes_are_told_before_the_server_stops_accepting(world: World) -> None:
    async with working(world, PITBOSS_NOTICE_SECONDS="60") as worker:
        await worker.ready()
        async with worker.channel() as channel:
            assert await check(channel) == SERVING
            assert await check(channel, SERVICE) == SERVING
            ending = asyncio.create_task(worker.end())
            async with asyncio.timeout(30):
                while await check(channel, SERVICE) != NOT_SERVING:
                    await asyncio.sleep(0.02)
            assert await check(channel) == NOT_SERVING
            answer = await EchoStub(channel).Unary(Money(currency_code="EUR", amount="0"), timeout=20)
            assert answer.amount == "0"
            # Nobody wants to wait a minute.
            worker.child.terminate()
            assert await ending == 128 + signal.SIGTERM


async def test_a_stream_that_only_sends_ends_at_once_when_the_process_drains(world: World) -> None:
    async with working(world, PITBOSS_DRAIN_SECONDS="30") as worker:
        await worker.ready()
        async with worker.channel() as channel:
            answers = aiter(EchoStub(channel).Sending(Money(currency_code="EUR", amount="1")))
            await anext(answers)
            ending = asyncio.create_task(worker.end())

            async def rest() -> None:
                async for _ in answers:
                    pass

            refused = await refusal(rest())
            assert (refused.code, refused.reason) == ("UNAVAILABLE", "DEPENDENCY_DOWN")
            assert await ending == 0


async def test_a_call_that_outlives_the_drain_is_cut_off(world: World) -> None:
    async with working(world, PITBOSS_DRAIN_SECONDS="0.3") as worker:
        await worker.ready()
        async with worker.channel() as channel:
            call = await worker.calling(channel, "90")
            assert await worker.end() == 0
            assert (await refusal(call)).code in {"UNAVAILABLE", "CANCELLED"}


async def test_a_second_signal_ends_the_process_at_once(world: World) -> None:
    async with working(world, PITBOSS_DRAIN_SECONDS="30") as worker:
        await worker.ready()
        async with worker.channel() as channel, worker.channel() as other:
            call = await worker.calling(channel, "90")
            worker.child.terminate()
            await until_refused(other)
            assert await worker.end() == 128 + signal.SIGTERM
            await refusal(call)


async def test_background_work_that_crashes_ends_the_process_with_a_clear_line(world: World) -> None:
    async with working(world, PITBOSS_BEHAVIOUR="crash") as worker:
        assert await asyncio.wait_for(worker.child.wait(), 60) == 1
        lines = await worker.lines()
        crash = next(line for line in lines if line["event"] == "background work crashed")
        assert (crash["work"], crash["level"], crash["service"]) == ("work", "error", "wallet_svc")
        assert "the background work broke" in crash["stack"]


async def test_a_process_that_cannot_be_built_says_why_and_fails(world: World) -> None:
    async with working(world, PITBOSS_BEHAVIOUR="fail-in-build") as worker:
        assert await asyncio.wait_for(worker.child.wait(), 60) == 1
        line = next(line for line in await worker.lines() if line["event"] == "cannot run")
        assert "no database" in line["stack"]


async def test_sigterm_ends_a_process_that_is_still_being_built(world: World) -> None:
    async with working(world, PITBOSS_BEHAVIOUR="hang-in-build") as worker:
        async with asyncio.timeout(60):
            while not worker.events.exists():
                await asyncio.sleep(0.02)
        assert await worker.end() == 0


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"PITBOSS_TLS_DIR": ""}, "PITBOSS_TLS_DIR is not set"),
        ({"PITBOSS_INSECURE_LOOPBACK": "1"}, "exclude each other"),
        (
            {"PITBOSS_TLS_DIR": "", "PITBOSS_INSECURE_LOOPBACK": "1", "PITBOSS_ENVIRONMENT": "production"},
            "only in development",
        ),
        (
            {"PITBOSS_TLS_DIR": "", "PITBOSS_INSECURE_LOOPBACK": "1", "PITBOSS_LISTEN": "0.0.0.0:0"},
            "only on a loopback address",
        ),
        ({"PITBOSS_EVENTS": ""}, "PITBOSS_EVENTS is not set. File that tells what happened."),
    ],
)
async def test_a_process_without_certificates_or_settings_refuses_to_start(
    world: World, changes: dict[str, str], complaint: str
) -> None:
    async with working(world, **changes) as worker:
        _, stderr = await asyncio.wait_for(worker.child.communicate(), 60)
        assert worker.child.returncode == 2
        assert complaint in stderr.decode()
        assert "Traceback" not in stderr.decode()


async def test_a_child_ends_when_its_parent_is_killed(world: World) -> None:
    port = free_port()
    script = "import subprocess, sys, time; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); time.sleep(60)"
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        sys.executable,
        "-m",
        "tests.integration.mesh.worker",
        cwd=ROOT,
        env=environment(world, port, PITBOSS_DIE_WITH_PARENT="1"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    async with secure_channel(f"localhost:{port}", world.tls("platform")) as channel, asyncio.timeout(60):
        await channel.channel_ready()
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(60):
        while _alive(child):
            await asyncio.sleep(0.02)


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_probes_without_certificates_have_a_port_that_answers_nothing_else(world: World) -> None:
    port = free_port()
    async with working(world, PITBOSS_HEALTH_LISTEN=f"127.0.0.1:{port}") as worker:
        await worker.ready()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await asyncio.wait_for(channel.channel_ready(), 60)
            assert await check(channel, SERVICE) == SERVING
            call = EchoStub(channel).Unary(Money(currency_code="EUR", amount="0"), timeout=20)
            assert (await refusal(call)).code == "UNIMPLEMENTED"
        assert await worker.end() == 0


REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


@pytest.mark.parametrize(("kind", "found"), [("development", True), ("production", False)])
async def test_services_are_listed_in_development_only(world: World, kind: str, found: bool) -> None:
    question = reflection_pb2.ServerReflectionRequest(list_services="")
    async with working(world, PITBOSS_ENVIRONMENT=kind) as worker:
        await worker.ready()
        async with worker.channel() as channel:
            if found:
                stub = reflection_pb2_grpc.ServerReflectionStub(channel)
                answers = aiter(stub.ServerReflectionInfo(iter([question]), timeout=20))
                names = {service.name for service in (await anext(answers)).list_services_response.service}
                assert SERVICE in names
            else:
                # One message, not a stream: a stream that is refused while it is written ends as INTERNAL now and then.
                call: grpc.aio.UnaryUnaryMultiCallable[Any, bytes] = channel.unary_unary(
                    REFLECTION, request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString
                )
                assert (await refusal(call(question, timeout=20))).code == "UNIMPLEMENTED"
        await worker.end()
