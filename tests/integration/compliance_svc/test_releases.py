"""Packs on their way into force: repeated, at once, cut off in the middle, and spoiled behind the services."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest

from compliance_svc.config import ComplianceSettings
from compliance_svc.kernel.document import PackDocument
from compliance_svc.migrate import upgrade as upgrade_compliance
from compliance_svc.wiring import build
from mesh.channels import call_metadata, channel
from mesh.dev import postgres
from mesh.dev.postgres import Postgres
from mesh.pack_signing import ROLES, WITHDRAW, SigningKey, register
from mesh.status import read_error
from pitboss.compliance.v1 import pack_release_service_pb2 as pb
from pitboss.compliance.v1.pack_release_service_pb2_grpc import PackReleaseServiceStub
from tests.integration.wallet_svc.served import running, serving
from tests.releasing import signed
from tests.unit.compliance_svc.kernel.signers import text, version
from wallet_svc.migrate import upgrade as upgrade_wallet

PEOPLE = [SigningKey.create(id=f"test-{role}", role=role, person=f"somebody, {role}") for role in ROLES]
PAST = "2026-01-01T00:00:00[Europe/London]"
NOTED = (
    pb.RELEASE_EVENT_KIND_ACTIVATED,
    pb.RELEASE_EVENT_KIND_KEY_ADDED,
    pb.RELEASE_EVENT_KIND_KEY_REMOVED,
    pb.RELEASE_EVENT_KIND_ZONE_DATA,
)
"""What is noted without a call."""
FUTURE = "2099-01-01T00:00:00[Europe/London]"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.start() as started:
        upgrade_wallet(started.database("pitboss_wallet").owner_url)
        upgrade_compliance(started.database("pitboss_compliance").owner_url)
        yield started


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    write_register(path, PEOPLE)
    return path


def write_register(path: Path, people: list[SigningKey]) -> None:
    path.write_text(json.dumps(register(people)))


@contextlib.asynccontextmanager
async def house(server: Postgres, keys: Path, *, with_wallet: bool = True) -> AsyncIterator[Any]:
    """A compliance service beside a wallet, or beside none."""
    async with contextlib.AsyncExitStack() as stack:
        wallet = "127.0.0.1:1"
        if with_wallet:
            url = server.database("pitboss_wallet").service_url
            wallet = (await stack.enter_async_context(serving(url, pack_keys=keys))).address
        settings = ComplianceSettings(
            listen="127.0.0.1:0", environment="development", insecure_loopback=True, sandbox=True, drain_seconds=0.2,
            notice_seconds=0, database_url=server.database("pitboss_compliance").service_url,
            wallet_addresses=(wallet,), pack_keys=keys,
        )  # fmt: skip
        address = await stack.enter_async_context(running(settings, await build(settings)))
        opened = channel(address, settings, workload="platform")
        stack.push_async_callback(opened.close)
        stub = PackReleaseServiceStub(opened)

        class Calls:
            def __getattr__(self, method: str) -> Any:
                return lambda request: getattr(stub, method)(request, timeout=20, metadata=call_metadata())

        yield Calls()


def proposal(document: PackDocument) -> pb.ProposePackRequest:
    return pb.ProposePackRequest(content=text(document), signature=signed(document, PEOPLE[0]))


def approval(document: PackDocument, person: SigningKey = PEOPLE[1]) -> pb.ApprovePackRequest:
    return pb.ApprovePackRequest(digest=document.digest, signature=signed(document, person))


async def refusal(call: Any) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return str(read_error(caught.value).metadata.get("refusal", caught.value.code().name))


async def noted(packs: Any) -> list[pb.ReleaseEvent]:
    """What was noted without a call."""
    return [one for one in (await packs.ListReleaseEvents(pb.ListReleaseEventsRequest())).events if one.kind in NOTED]


async def until(packs: Any, done: Callable[[list[pb.ReleaseEvent]], bool]) -> None:
    """Wait until what was noted is enough."""
    async with asyncio.timeout(30):
        while not done(await noted(packs)):
            await asyncio.sleep(0.05)


def rows(server: Postgres, statement: str) -> list[Any]:
    with psycopg.connect(server.database("pitboss_wallet").owner_url) as connection:
        return connection.execute(statement.encode()).fetchall()


async def test_every_step_may_be_repeated_and_done_twice_at_once(server: Postgres, keys: Path) -> None:
    second = version("2", PAST, stake_cap__slot="3.00 GBP")
    withdraw = pb.RollbackPackRequest(
        digest=second.digest, signatures=[signed(second, person, WITHDRAW) for person in PEOPLE]
    )
    async with house(server, keys) as packs:
        for step, request, state in (
            ("ProposePack", proposal(second), pb.RELEASE_STATE_PROPOSED),
            ("ApprovePack", approval(second), pb.RELEASE_STATE_APPROVED),
            ("SchedulePack", pb.SchedulePackRequest(digest=second.digest), pb.RELEASE_STATE_ACTIVE),
            ("RollbackPack", withdraw, pb.RELEASE_STATE_ROLLED_BACK),
        ):
            answers = await asyncio.gather(*(getattr(packs, step)(request) for _ in range(3)))
            again = await getattr(packs, step)(request)
            assert {answer.release.state for answer in (*answers, again)} == {state}, step
        events = (await packs.ListReleaseEvents(pb.ListReleaseEventsRequest())).events
        assert [event.position for event in events] == [*range(1, len(events) + 1)]
        assert [event.kind for event in events if event.kind not in NOTED] == [1, 2, 3, 4]
        for kind, person in ((1, PEOPLE[:1]), (2, PEOPLE[1:]), (4, PEOPLE)):
            (event,) = [each for each in events if each.kind == kind]
            assert list(event.persons) == [one.person for one in person]
            assert list(event.key_ids) == [one.id for one in person]
        assert await refusal(packs.SchedulePack(pb.SchedulePackRequest(digest=second.digest))) == "PACK_WITHDRAWN"
        assert await refusal(packs.ProposePack(proposal(second))) == "PACK_WITHDRAWN"
    assert rows(server, "SELECT count(*) FROM law_pack") == rows(server, "SELECT count(*) FROM law_pack_end") == [(1,)]


async def test_what_was_cut_off_between_the_wallets_and_the_note_is_finished_by_the_next_call(
    server: Postgres, keys: Path
) -> None:
    third = version("3", FUTURE, stake_cap__slot="3.00 GBP")
    asked = pb.SchedulePackRequest(digest=third.digest)
    async with house(server, keys, with_wallet=False) as packs:
        await packs.ProposePack(proposal(third))
        await packs.ApprovePack(approval(third))
        assert await refusal(packs.SchedulePack(asked)) == "UNAVAILABLE"
        (known,) = [one for one in (await packs.ListReleases(pb.ListReleasesRequest())).releases if one.version == "3"]
        assert known.state == pb.RELEASE_STATE_APPROVED
    async with house(server, keys) as packs:
        assert (await packs.SchedulePack(asked)).release.state == pb.RELEASE_STATE_SCHEDULED
    with psycopg.connect(server.database("pitboss_compliance").owner_url) as connection:
        # As if it had been killed after the wallets had it, and before it was noted.
        connection.execute("DELETE FROM pack_event WHERE kind = 3 AND version = '3'")
    async with house(server, keys) as packs:
        assert (await packs.SchedulePack(asked)).release.state == pb.RELEASE_STATE_SCHEDULED
    assert rows(server, "SELECT count(*) FROM law_pack WHERE version = '3'") == [(1,)]


async def test_nobody_approves_alone_and_each_refusal_is_an_event(server: Postgres, keys: Path) -> None:
    fourth = version("4", "2098-01-01T00:00:00[Europe/London]")
    async with house(server, keys) as packs:
        await until(packs, lambda events: len(events) >= len(PEOPLE))
        before = len((await packs.ListReleaseEvents(pb.ListReleaseEventsRequest())).events)
        spoiled = proposal(fourth)
        spoiled.signature.signature = bytes(64)
        assert await refusal(packs.ProposePack(spoiled)) == "PACK_SIGNATURE_INVALID"
        assert (
            await refusal(packs.ProposePack(pb.ProposePackRequest(content="pack: [", signature=spoiled.signature)))
            == "PACK_INVALID"
        )
        await packs.ProposePack(proposal(fourth))
        assert await refusal(packs.ApprovePack(approval(fourth, PEOPLE[0]))) == "PACK_ROLE_MISSING"
        assert await refusal(packs.SchedulePack(pb.SchedulePackRequest(digest=fourth.digest))) == "PACK_NOT_READY"
        unsigned = approval(fourth)
        del unsigned.signature.inferred_rules[:]
        assert await refusal(packs.ApprovePack(unsigned)) == "PACK_SIGNATURE_INVALID"
        events = (await packs.ListReleaseEvents(pb.ListReleaseEventsRequest(after=before))).events
        assert [event.kind for event in events].count(pb.RELEASE_EVENT_KIND_REFUSED) == 5
        assert await refusal(packs.ApprovePack(approval(replace(fourth, version="5")))) == "NOT_FOUND"
    assert rows(server, "SELECT count(*) FROM law_pack WHERE version = '4'") == [(0,)]


async def test_the_instant_of_a_pack_and_each_change_of_the_register_of_keys_are_noted_once(
    server: Postgres, keys: Path
) -> None:
    sixth = version("6", "2026-02-01T00:00:00[Europe/London]")
    newcomer = SigningKey.create(id="test-newcomer", role="legal", person="somebody new")
    async with house(server, keys) as packs, house(server, keys, with_wallet=False):
        await packs.ProposePack(proposal(sixth))
        await packs.ApprovePack(approval(sixth))
        await packs.SchedulePack(pb.SchedulePackRequest(digest=sixth.digest))
        write_register(keys, [*PEOPLE, newcomer])
        await until(packs, lambda events: any("test-newcomer" in one.key_ids for one in events))
        write_register(keys, PEOPLE)
        removed = pb.RELEASE_EVENT_KIND_KEY_REMOVED
        await until(packs, lambda events: any(one.kind == removed for one in events))
        await until(packs, lambda events: any(one.digest == sixth.digest for one in events))
        events = await noted(packs)
    (active,) = [one for one in events if one.digest == sixth.digest]
    assert (active.kind, list(active.persons)) == (NOTED[0], [one.person for one in PEOPLE])
    about = [one for one in events if "test-newcomer" in one.key_ids]
    assert [(one.kind, list(one.persons)) for one in about] == [(kind, ["somebody new"]) for kind in NOTED[1:3]]
    entry = json.loads(about[0].detail)
    assert (entry["role"], len(entry["public_key"])) == ("legal", 64)
    first = [one for one in events if one.kind == pb.RELEASE_EVENT_KIND_KEY_ADDED and one not in about]
    assert sorted(one.key_ids[0] for one in first) == sorted(one.id for one in PEOPLE)


async def test_differences_say_which_of_two_packs_is_stricter(server: Postgres, keys: Path) -> None:
    async with house(server, keys) as packs:
        request = pb.DiffPacksRequest(
            base=pb.PackSource(known="gb@1"),
            other=pb.PackSource(content=text(version("9", FUTURE, stake_cap__slot="9.00 GBP"))),
        )
        (change,) = (await packs.DiffPacks(request)).changes
        assert (change.rule, change.strictness) == ("stake_cap/slot", pb.STRICTNESS_LOOSER)
