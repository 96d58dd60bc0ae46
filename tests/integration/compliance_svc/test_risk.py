"""Risk monitoring beside real wallets and PostgreSQL: killed, twice at once, late; flags, cases, and two people."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest

from audit_svc.clients.following import case_events
from audit_svc.domain import RecordClass
from compliance_svc.config import ComplianceSettings
from compliance_svc.migrate import upgrade as upgrade_compliance
from compliance_svc.store.risk import RiskStore
from compliance_svc.wiring import build
from mesh import database
from mesh.channels import call_metadata, channel
from mesh.clock import write_offset
from mesh.dev import postgres
from mesh.dev.postgres import Postgres
from mesh.status import read_error
from pitboss.compliance.v1 import risk_case_service_pb2 as pb
from pitboss.compliance.v1.risk_case_service_pb2_grpc import RiskCaseServiceStub
from pitboss.type.v1 import outcome_pb2
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2
from tests.integration.wallet_svc.served import Served, money, running, serving
from wallet_svc.migrate import upgrade as upgrade_wallet

LICENSEE = "aurora"
DAY_US = 86_400_000_000
ANN, BOB = "Ann", "Bob"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.start() as started:
        upgrade_wallet(started.database("pitboss_wallet").owner_url)
        upgrade_compliance(started.database("pitboss_compliance").owner_url)
        yield started


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    write_offset(tmp_path / "clock", 0)
    return tmp_path / "clock"


@contextlib.asynccontextmanager
async def wallet_of(server: Postgres, clock: Path) -> AsyncIterator[Served]:
    async with serving(server.database("pitboss_wallet").service_url, clock_file=clock) as wallet:
        await wallet.register(LICENSEE, "gb")
        yield wallet


@contextlib.asynccontextmanager
async def compliance(server: Postgres, clock: Path, wallet: Served, **changes: Any) -> AsyncIterator[Any]:
    """A compliance process; its desk as the platform team sees it."""
    settings = ComplianceSettings(
        listen="127.0.0.1:0", environment="development", insecure_loopback=True, sandbox=True, drain_seconds=0.2,
        notice_seconds=0, database_url=server.database("pitboss_compliance").service_url,
        wallet_addresses=(wallet.address,), clock_file=clock, **changes,
    )  # fmt: skip
    async with contextlib.AsyncExitStack() as stack:
        address = await stack.enter_async_context(running(settings, await build(settings)))
        opened = channel(address, settings, workload="platform")
        stack.push_async_callback(opened.close)
        stub = RiskCaseServiceStub(opened)

        class Desk:
            address: str
            settings: ComplianceSettings

            def __getattr__(self, method: str) -> Any:
                return lambda request: getattr(stub, method)(request, timeout=20, metadata=call_metadata())

        desk = Desk()
        desk.address, desk.settings = address, settings
        yield desk


async def player(wallet: Served) -> str:
    return await wallet.player(f"r-{secrets.token_hex(4)}", "0", LICENSEE, currency_code="GBP")


async def deposit(wallet: Served, who: str, amount: str) -> action_pb2.Result:
    given = action_pb2.Deposit(amount=money(amount, "GBP"))
    cashier = wallet.caller("platform", LICENSEE, source="cashier")
    return await cashier.do(who, secrets.token_hex(6), deposit=given)


async def hold(wallet: Served, who: str, amount: str) -> action_pb2.Result:
    cashier = wallet.caller("platform", LICENSEE, source="cashier")
    return await cashier.do(who, secrets.token_hex(6), hold=action_pb2.Hold(amount=money(amount, "GBP")))


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(120):
        while not (found := await condition()):
            await asyncio.sleep(0.05)
    return found


async def cases(desk: Any, who: str, *, with_closed: bool = True) -> list[pb.RiskCase]:
    request = pb.ListCasesRequest(licensee_id=LICENSEE, player_id=who, with_closed=with_closed)
    return list((await desk.ListCases(request)).cases)


async def events(desk: Any, case_id: str) -> list[pb.CaseEvent]:
    return list((await desk.GetCase(pb.GetCaseRequest(case_id=case_id))).events)


async def told(desk: Any, case_id: str, kind: pb.CaseEventKind.ValueType, times: int = 1) -> None:
    async def there() -> bool:
        return [event.kind for event in await events(desk, case_id)].count(kind) >= times

    await until(there)


async def flags(wallet: Served, who: str) -> list[Any]:
    request = ledger_service_pb2.GetPlayerRequest(player_id=who)
    found = await wallet.caller("platform", LICENSEE).ledger.GetPlayer(request)
    state: dict[str, Any] = json.loads(found.protection_json)
    return list(state.get("person", {}).get("flags", []))


async def caught_up(server: Postgres, wallet: Served) -> None:
    """Wait until every entry that is there now was read."""
    answer = await wallet.caller("platform", LICENSEE).ledger.ListHeads(ledger_service_pb2.ListHeadsRequest())
    heads = {head.shard: head.sequence for head in answer.heads if head.sequence}
    engine = database.engine(
        server.database("pitboss_compliance").service_url, name="test", statement_timeout_ms=5_000
    )  # fmt: skip

    async def read() -> bool:
        cursors = await RiskStore(engine).cursors()
        return all(cursors.get(shard, 0) >= sequence for shard, sequence in heads.items())

    await until(read)
    await engine.dispose()


async def refusal(call: Any) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return str(read_error(caught.value).metadata.get("refusal", caught.value.code().name))


async def test_killed_and_started_again_and_twice_at_once_each_thing_is_found_once(
    server: Postgres, clock: Path
) -> None:
    async with wallet_of(server, clock) as wallet:
        first, second = await player(wallet), await player(wallet)
        async with compliance(server, clock, wallet):
            await deposit(wallet, first, "1999.99")
        # Cut off wherever it was. What came meanwhile is read by two that start at once, and go on with the sum of before.
        await deposit(wallet, first, "0.01")
        await deposit(wallet, second, "2000.00")
        async with compliance(server, clock, wallet) as desk, compliance(server, clock, wallet) as other:
            for who in (first, second):
                (case,) = await until(lambda who=who: cases(desk, who))  # type: ignore[misc]
                assert (case.rule, case.observed.amount) == ("money_watch/deposit/24h", "2000.00")
                assert case.pack.startswith("gb@")
                await told(other, case.case_id, pb.CASE_EVENT_KIND_DONE)
            for number in range(20):
                await asyncio.gather(*(deposit(wallet, who, f"{number + 1}.00") for who in (first, second)))
            await caught_up(server, wallet)
            for who in (first, second):
                found = await cases(other, who)
                assert [one.rule for one in found] == ["money_watch/deposit/24h"]
                kinds = [event.kind for event in await events(desk, found[0].case_id)]
                assert kinds == [pb.CASE_EVENT_KIND_OPENED, pb.CASE_EVENT_KIND_DONE]
        # Cut off after the wallets had it, and before that was noted: sent again, done once, noted once.
        with psycopg.connect(server.database("pitboss_compliance").owner_url) as connection:
            last = connection.execute("SELECT max(position) FROM risk_case_event").fetchone()
            assert last is not None
            connection.execute("DELETE FROM risk_case_event WHERE position = %s", last)
            connection.execute("UPDATE risk_order SET done = false WHERE key LIKE 'risk/%'")
        async with compliance(server, clock, wallet) as desk:
            for who in (first, second):
                (case,) = await cases(desk, who)
                await until(lambda: orders_done(server))
                assert len(await flags(wallet, who)) == 1
            positions = [one.position for one in (await desk.ListCaseEvents(pb.ListCaseEventsRequest())).events]
            assert positions == list(range(1, len(positions) + 1))


async def orders_done(server: Postgres) -> bool:
    with psycopg.connect(server.database("pitboss_compliance").owner_url) as connection:
        return connection.execute("SELECT 1 FROM risk_order WHERE NOT done").fetchone() is None


async def test_a_flag_holds_large_deposits_until_it_expires_and_no_money_that_goes_out(
    server: Postgres, clock: Path
) -> None:
    async with wallet_of(server, clock) as wallet, compliance(server, clock, wallet) as desk:
        who = await player(wallet)
        await deposit(wallet, who, "2500.00")
        (case,) = await until(lambda: cases(desk, who))
        await told(desk, case.case_id, pb.CASE_EVENT_KIND_DONE)
        refused = await deposit(wallet, who, "10000.01")
        assert refused.outcome == outcome_pb2.OUTCOME_COMPLIANCE_DENIED
        assert list(refused.decision.reasons) == ["AML.REVIEW"]
        assert (await deposit(wallet, who, "1.00")).outcome == outcome_pb2.OUTCOME_OK
        assert (await hold(wallet, who, "2000.00")).outcome == outcome_pb2.OUTCOME_OK
        write_offset(clock, 31 * DAY_US)
        assert (await deposit(wallet, who, "10000.01")).outcome == outcome_pb2.OUTCOME_OK


async def test_two_people_freeze_ask_end_and_dismiss(server: Postgres, clock: Path) -> None:
    async with wallet_of(server, clock) as wallet, compliance(server, clock, wallet) as desk:
        who = await player(wallet)
        await deposit(wallet, who, "2500.00")
        (case,) = await until(lambda: cases(desk, who))
        await told(desk, case.case_id, pb.CASE_EVENT_KIND_DONE)

        async def both(action: pb.CaseAction.ValueType, *, done: int) -> pb.RiskCase:
            wanted = pb.ProposeCaseActionRequest(case_id=case.case_id, action=action, person=ANN, note="seen")
            proposed = (await desk.ProposeCaseAction(wanted)).case
            assert (await desk.ProposeCaseAction(wanted)).case == proposed
            number = proposed.proposal.proposal
            own = pb.ApproveCaseActionRequest(case_id=case.case_id, proposal=number, person="ann ")
            assert await refusal(desk.ApproveCaseAction(own)) == "CASE_SAME_PERSON"
            agreed = pb.ApproveCaseActionRequest(case_id=case.case_id, proposal=number, person=BOB)
            answers = await asyncio.gather(*(desk.ApproveCaseAction(agreed) for _ in range(3)))
            await told(desk, case.case_id, pb.CASE_EVENT_KIND_DONE, done)
            approved = [one for one in await events(desk, case.case_id) if one.proposal == number]
            assert [one.kind for one in approved] == [pb.CASE_EVENT_KIND_APPROVED]
            found: pb.RiskCase = answers[-1].case
            return found

        assert (await both(pb.CASE_ACTION_FREEZE, done=2)).frozen
        assert (await hold(wallet, who, "10.00")).outcome == outcome_pb2.OUTCOME_ACCOUNT_FROZEN
        assert not (await both(pb.CASE_ACTION_UNFREEZE, done=3)).frozen
        assert (await hold(wallet, who, "10.00")).outcome == outcome_pb2.OUTCOME_OK
        await both(pb.CASE_ACTION_ASK_DILIGENCE, done=4)
        assert list((await deposit(wallet, who, "1.00")).decision.reasons) == ["AML.CDD_DUE"]
        closed = await both(pb.CASE_ACTION_DISMISS, done=5)
        assert (closed.state, closed.closed_by) == (pb.CASE_STATE_CLOSED, pb.CASE_ACTION_DISMISS)
        assert not await flags(wallet, who)
        assert not await cases(desk, who, with_closed=False)
        again = pb.ProposeCaseActionRequest(
            case_id=case.case_id, action=pb.CASE_ACTION_FREEZE, person=ANN, note="late"
        )  # fmt: skip
        assert await refusal(desk.ProposeCaseAction(again)) == "CASE_CLOSED"
        assert await refusal(desk.GetCase(pb.GetCaseRequest(case_id="0-0.gbp.none"))) == "NOT_FOUND"


async def test_every_step_is_an_event_of_the_audit_log_which_alone_reads_them_beside_the_staff(
    server: Postgres, clock: Path
) -> None:
    async with wallet_of(server, clock) as wallet, compliance(server, clock, wallet) as desk:
        who = await player(wallet)
        await deposit(wallet, who, "2500.00")
        (case,) = await until(lambda: cases(desk, who))
        wanted = pb.ProposeCaseActionRequest(
            case_id=case.case_id, action=pb.CASE_ACTION_REPORT, person=ANN, note="reference 7"
        )  # fmt: skip
        number = (await desk.ProposeCaseAction(wanted)).case.proposal.proposal
        async with channel(desk.address, desk.settings, workload="audit_svc") as opened:
            stub = RiskCaseServiceStub(opened)
            drafts = list[Any]()
            async with asyncio.timeout(120):
                async for span in case_events(stub).spans(0):
                    drafts += span.drafts
                    if drafts[-1].key == str(span.position) and span.position >= number:
                        break
            assert [draft.key for draft in drafts] == [str(key) for key in range(1, len(drafts) + 1)]
            (draft,) = [draft for draft in drafts if draft.key == str(number)]
            assert (draft.record_class, draft.owner) == (RecordClass.STAFF, (LICENSEE, who))
            assert (draft.content["person"], draft.content["action"]) == (ANN, "CASE_ACTION_REPORT")
            for call in (stub.ListCases(pb.ListCasesRequest()), stub.ProposeCaseAction(wanted)):
                assert await refusal(call) == "PERMISSION_DENIED"
        async with channel(desk.address, desk.settings, workload="gateway") as opened:
            assert await refusal(RiskCaseServiceStub(opened).ListCases(pb.ListCasesRequest())) == "PERMISSION_DENIED"


async def test_a_proposal_that_nobody_decides_on_expires_by_itself(server: Postgres, clock: Path) -> None:
    async with wallet_of(server, clock) as wallet, compliance(server, clock, wallet, case_proposal_hours=24) as desk:
        who = await player(wallet)
        await deposit(wallet, who, "2500.00")
        (case,) = await until(lambda: cases(desk, who))
        wanted = pb.ProposeCaseActionRequest(
            case_id=case.case_id, action=pb.CASE_ACTION_REPORT, person=ANN, note="reference 7"
        )  # fmt: skip
        number = (await desk.ProposeCaseAction(wanted)).case.proposal.proposal
        write_offset(clock, DAY_US)
        await told(desk, case.case_id, pb.CASE_EVENT_KIND_EXPIRED)
        late = pb.ApproveCaseActionRequest(case_id=case.case_id, proposal=number, person=BOB)
        assert await refusal(desk.ApproveCaseAction(late)) == "CASE_OTHER_PROPOSAL"
        (case,) = await cases(desk, who)
        assert case.state == pb.CASE_STATE_OPEN
        assert [one.kind for one in await events(desk, case.case_id)].count(pb.CASE_EVENT_KIND_EXPIRED) == 1
