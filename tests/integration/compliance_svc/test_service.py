"""The compliance service beside a wallet: both behind real gRPC servers in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from compliance_svc.config import ComplianceSettings
from compliance_svc.kernel.loading import load_documents
from compliance_svc.migrate import upgrade as upgrade_compliance
from compliance_svc.wiring import build
from mesh.channels import call_metadata, channel
from mesh.clock import write_offset
from mesh.dev import postgres
from mesh.dev.ports import free_port
from mesh.dev.postgres import Postgres
from mesh.identity import SCOPES_HEADER
from pitboss.compliance.v1 import compliance_service_pb2 as pb
from pitboss.compliance.v1 import (
    compliance_service_pb2_grpc,
    decision_service_pb2,
    decision_service_pb2_grpc,
    policy_service_pb2,
    policy_service_pb2_grpc,
)
from pitboss.type.v1.decision_pb2 import VERDICT_ALLOW as ALLOW
from pitboss.type.v1.decision_pb2 import VERDICT_DENY as DENY
from pitboss.type.v1.decision_pb2 import VERDICT_SCHEDULE as SCHEDULE
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1 import action_pb2
from tests.integration.wallet_svc.served import (
    LICENSEE,
    PROVIDER,
    Refusal,
    Served,
    bet,
    money,
    refusal,
    running,
    serving,
    win,
)
from wallet_svc.migrate import upgrade as upgrade_wallet

DAY_US = 86_400_000_000
NUL = "a\x00b"
_STUBS: dict[str, Any] = {
    "protection": compliance_service_pb2_grpc.ComplianceServiceStub,
    "decisions": decision_service_pb2_grpc.DecisionServiceStub,
    "packs": policy_service_pb2_grpc.PolicyServiceStub,
}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres.start() as started:
        upgrade_wallet(started.database("pitboss_wallet").owner_url)
        upgrade_compliance(started.database("pitboss_compliance").owner_url)
        yield started


@dataclass(slots=True)
class Office:
    """A compliance service, and how to call it."""

    address: str
    settings: ComplianceSettings
    stack: contextlib.AsyncExitStack
    _stubs: dict[tuple[str, str], Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name not in _STUBS:
            raise AttributeError(name)
        return self.of(name)

    def of(self, service: str, workload: str = "gateway", licensee: str = LICENSEE, scopes: str = "play") -> Any:
        opened = channel(self.address, self.settings, workload=workload)
        self.stack.push_async_callback(opened.close)
        stub = _STUBS[service](opened)
        metadata = (*call_metadata(licensee), (SCOPES_HEADER, scopes))

        class Calls:
            def __getattr__(self, method: str) -> Any:
                return lambda request: getattr(stub, method)(request, timeout=10, metadata=metadata)

        return Calls()


@contextlib.asynccontextmanager
async def opened(server: Postgres, *wallets: str) -> AsyncIterator[Office]:
    """A compliance process beside some wallets."""
    settings = ComplianceSettings(
        listen="127.0.0.1:0", environment="development", insecure_loopback=True, sandbox=True, drain_seconds=0.2,
        notice_seconds=0, database_url=server.database("pitboss_compliance").service_url, wallet_addresses=wallets,
    )  # fmt: skip
    async with contextlib.AsyncExitStack() as stack:
        address = await stack.enter_async_context(running(settings, await build(settings)))
        yield Office(address, settings, stack)


@pytest.fixture
async def wallet(server: Postgres) -> AsyncIterator[Served]:
    async with serving(server.database("pitboss_wallet").service_url) as served:
        await served.register("albion", "gb")
        yield served


@pytest.fixture
async def office(server: Postgres, wallet: Served) -> AsyncIterator[Office]:
    async with opened(server, wallet.address) as made:
        yield made


def limit(
    player: str,
    key: str,
    amount: str,
    kind: action_pb2.LimitKind.ValueType = action_pb2.LIMIT_KIND_DEPOSIT,
    currency: str = "EUR",
) -> pb.SetLimitRequest:
    return pb.SetLimitRequest(
        player_id=player, transaction_key=key, limit_kind=kind, window="24h", amount=money(amount, currency)
    )


def exclusion(player: str, key: str = "out", term: str = "indefinite") -> pb.StartExclusionRequest:
    return pb.StartExclusionRequest(player_id=player, transaction_key=key, term=term)


async def decisions(office: Office, player: str, count: int, **more: Any) -> list[Any]:
    """The stored decisions of a player, once there are so many."""
    async with asyncio.timeout(60):
        while True:
            request = decision_service_pb2.ListDecisionsRequest(player_id=player, **more)
            records = list((await office.decisions.ListDecisions(request)).records)
            if len(records) >= count:
                return records
            await asyncio.sleep(0.05)


async def test_after_an_exclusion_no_bet_is_taken_and_every_win_is_paid(wallet: Served, office: Office) -> None:
    player = await wallet.player()
    await wallet.adapter.do(player, "b1", bet=bet("10.00"))
    told = (await office.protection.StartExclusion(exclusion(player))).decision
    assert told.verdict == ALLOW
    refused = await wallet.adapter.do(player, "b2", bet=bet("1.00", "r2"))
    assert (Outcome.Name(refused.outcome), list(refused.decision.reasons)) == (
        "OUTCOME_COMPLIANCE_DENIED",
        ["SEX.SELF", "SES.ENDED"],
    )
    assert (await wallet.adapter.do(player, "w1", win=win("25.00"))).balance_now.available.amount == "115.00"
    shown = await office.protection.GetProtection(pb.GetProtectionRequest(player_id=player))
    assert (shown.excluded, shown.HasField("eligible_time"), shown.jurisdiction) == (True, True, "sandbox")
    play = action_pb2.OpenPlay(session_id="s2", provider=PROVIDER, currency_code="EUR")
    request = pb.OpenPlayRequest(player_id=player, transaction_key="play2", open_play=play)
    denied = await office.of("protection", "session_svc").OpenPlay(request)
    assert Outcome.Name(denied.result.outcome) == "OUTCOME_COMPLIANCE_DENIED"


async def test_a_deposit_stops_at_its_limit_and_an_increase_is_confirmed_later(
    server: Postgres, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    write_offset(clock, 0)
    async with (
        serving(server.database("pitboss_wallet").service_url, clock_file=clock) as wallet,
        opened(server, wallet.address) as office,
    ):
        await wallet.register("albion", "gb")
        player = await wallet.player(cash="0", licensee="albion", currency_code="GBP")
        british = office.of("protection", licensee="albion")
        assert (await british.SetLimit(limit(player, "l1", "50.00", currency="GBP"))).decision.verdict == ALLOW
        assert await pounds(wallet, player, "d1", "30.00") == "OK"
        assert await pounds(wallet, player, "d2", "20.01") == "LIMIT_EXCEEDED"
        assert (await british.SetLimit(limit(player, "l2", "90.00", currency="GBP"))).decision.verdict == SCHEDULE
        assert (await british.ConfirmLimit(confirmation(player, "k1"))).decision.verdict == DENY
        write_offset(clock, DAY_US)
        assert (await british.ConfirmLimit(confirmation(player, "k2"))).decision.verdict == ALLOW
        assert await pounds(wallet, player, "d3", "90.00") == "OK"


async def pounds(wallet: Served, player: str, key: str, amount: str) -> str:
    """The outcome of a deposit."""
    deposit = action_pb2.Deposit(amount=money(amount, "GBP"))
    done = await wallet.caller("platform", "albion", source="cashier").do(player, key, deposit=deposit)
    return Outcome.Name(done.outcome).removeprefix("OUTCOME_")


def confirmation(player: str, key: str) -> pb.ConfirmLimitRequest:
    kind = action_pb2.LIMIT_KIND_DEPOSIT
    return pb.ConfirmLimitRequest(player_id=player, transaction_key=key, limit_kind=kind, window="24h")


async def test_a_pending_increase_can_be_withdrawn_and_a_break_is_shown(wallet: Served, office: Office) -> None:
    player = await wallet.player(cash="0", licensee="albion", currency_code="GBP")
    british = office.of("protection", licensee="albion")
    for key, amount in (("l1", "50.00"), ("l2", "90.00")):
        await british.SetLimit(limit(player, key, amount, currency="GBP"))
    ask = pb.GetProtectionRequest(player_id=player)
    assert (await british.GetProtection(ask)).limits[0].pending_amount.amount == "90.00"
    await british.CancelPendingLimit(
        pb.CancelPendingLimitRequest(
            player_id=player, transaction_key="x1", limit_kind=action_pb2.LIMIT_KIND_DEPOSIT, window="24h"
        )
    )
    await british.StartBreak(pb.StartBreakRequest(player_id=player, transaction_key="p1", term="24h"))
    shown = await british.GetProtection(ask)
    assert (shown.limits[0].amount.amount, shown.limits[0].HasField("pending_amount")) == ("50.00", False)
    assert shown.HasField("break_until_time")


async def test_decisions_come_through_the_feed_once_although_the_reader_starts_again(
    server: Postgres, wallet: Served
) -> None:
    player = await wallet.player()
    for number in range(3):
        async with opened(server, wallet.address) as office:
            await wallet.adapter.do(player, f"b{number}", bet=bet("1.00", f"r{number}"))
            # The opening, the session, and one more bet each time.
            records = await decisions(office, player, 3 + number)
    ids = [record.decision.decision_id for record in records]
    assert len(ids) == len(set(ids)) == 5
    assert [record.transaction_key for record in records][:3] == ["b2", "b1", "b0"]
    assert {record.decision.verdict for record in records} == {ALLOW}


async def test_decisions_are_listed_in_pages_and_by_refusal(wallet: Served, office: Office) -> None:
    player = await wallet.player()
    other = await wallet.player()
    await office.protection.StartExclusion(exclusion(player))
    for number in range(3):
        await wallet.adapter.do(player, f"b{number}", bet=bet("1.00", f"r{number}"))
    refused = await decisions(office, player, 3, only_refusals=True)
    assert [record.transaction_key for record in refused] == ["b2", "b1", "b0"]
    assert {tuple(record.decision.reasons) for record in refused} == {("SEX.SELF", "SES.ENDED")}
    ask = decision_service_pb2.ListDecisionsRequest
    first = await office.decisions.ListDecisions(ask(player_id=player, page_size=4))
    rest = await office.decisions.ListDecisions(ask(player_id=player, page_size=4, page_token=first.next_page_token))
    assert [len(first.records), len(rest.records), rest.next_page_token] == [4, 2, ""]
    stolen = office.decisions.ListDecisions(ask(player_id=other, page_token=first.next_page_token))
    assert (await refusal(stolen)).reason == "PAGE_TOKEN_INVALID"


async def test_a_decision_belongs_to_its_licensee(wallet: Served, office: Office) -> None:
    player = await wallet.player()
    (record, *_) = await decisions(office, player, 2)
    ask = decision_service_pb2.GetDecisionRequest(decision_id=record.decision.decision_id)
    assert (await office.decisions.GetDecision(ask)).record == record
    not_found = Refusal(code="NOT_FOUND", reason="DECISION_NOT_FOUND")
    assert await refusal(office.of("decisions", licensee="albion").GetDecision(ask)) == not_found
    listed = await office.of("decisions", licensee="albion").ListDecisions(
        decision_service_pb2.ListDecisionsRequest(player_id=player)
    )
    assert list(listed.records) == []
    for id_ in ("99999-1", "0-9999999999999999999", "0-0"):
        unheard = decision_service_pb2.GetDecisionRequest(decision_id=id_)
        assert await refusal(office.decisions.GetDecision(unheard)) == not_found, id_


async def test_a_dry_run_tells_the_verdict_and_stores_nothing(wallet: Served, office: Office) -> None:
    player = await wallet.player()
    action = action_pb2.Action(player_id=player, transaction_key="b1", bet=bet("1.00"))
    allowed = await office.protection.Evaluate(pb.EvaluateRequest(action=action))
    assert (allowed.decision.verdict, allowed.decision.decision_id) == (ALLOW, "")
    await office.protection.StartExclusion(exclusion(player))
    denied = await office.protection.Evaluate(pb.EvaluateRequest(action=action))
    assert list(denied.decision.reasons) == ["SEX.SELF", "SES.ENDED"]
    assert len(await decisions(office, player, 3)) == 3


async def test_packs_are_listed_and_shown(office: Office) -> None:
    listed = (await office.packs.ListPacks(policy_service_pb2.ListPacksRequest())).packs
    assert {pack.name for pack in listed} == {document.name for document in load_documents()}
    shown = await office.packs.GetPack(policy_service_pb2.GetPackRequest(name="gb"))
    assert (shown.pack.zone, shown.pack.digest) == (
        "Europe/London",
        next(one.digest for one in listed if one.name == "gb"),
    )
    unknown = office.packs.GetPack(policy_service_pb2.GetPackRequest(name="nowhere"))
    assert await refusal(unknown) == Refusal(code="NOT_FOUND", reason="PACK_NOT_FOUND")


async def test_what_cannot_be_asked_is_told_so(wallet: Served, office: Office) -> None:
    player = await wallet.player()
    await office.protection.SetLimit(limit(player, "l1", "5.00"))
    expected = {
        "PLAYER_NOT_FOUND": office.protection.SetLimit(limit("nobody", "l1", "5.00")),
        "KEY_CONFLICT": office.protection.SetLimit(limit(player, "l1", "6.00")),
    }
    assert {reason: (await refusal(call)).reason for reason, call in expected.items()} == {
        name: name for name in expected
    }
    for call in (
        office.protection.SetLimit(limit(player, NUL, "5.00")),
        office.protection.SetLimit(limit(player, "l2", "-5.00")),
        office.protection.SetLimit(limit(player, "l3", "5.00", action_pb2.LIMIT_KIND_STAKE)),
        office.protection.StartExclusion(exclusion(player, "x1", "never")),
        office.protection.StartBreak(pb.StartBreakRequest(player_id=player, transaction_key="x2", term="99")),
        office.decisions.ListDecisions(decision_service_pb2.ListDecisionsRequest(player_id=player, page_token="x")),
        office.of("protection", "session_svc").OpenPlay(
            pb.OpenPlayRequest(
                player_id=player,
                transaction_key="x3",
                open_play=action_pb2.OpenPlay(session_id=NUL, provider=PROVIDER, currency_code="EUR"),
            )
        ),
    ):
        told = await refusal(call)
        assert told.code == "INVALID_ARGUMENT", told


async def test_rights_are_by_workload_and_scope(office: Office) -> None:
    ask = pb.GetProtectionRequest(player_id="alice")
    play = action_pb2.OpenPlay(session_id="s", provider=PROVIDER, currency_code="EUR")
    open_play = pb.OpenPlayRequest(player_id="alice", transaction_key="k", open_play=play)
    told = [
        await refusal(office.of("protection", "provider_adapters/acme").GetProtection(ask)),
        await refusal(office.of("protection", "gateway").OpenPlay(open_play)),
        await refusal(
            office.of("decisions", "session_svc").GetDecision(
                decision_service_pb2.GetDecisionRequest(decision_id="0-1")
            )
        ),
        await refusal(office.of("protection", "gateway", scopes="wallet").GetProtection(ask)),
    ]
    assert [one.reason for one in told] == ["CALLER_FORBIDDEN"] * 3 + ["SCOPE_MISSING"]


async def test_without_a_wallet_the_answer_is_unavailable_and_decisions_can_be_read(server: Postgres) -> None:
    async with opened(server, f"127.0.0.1:{free_port()}") as office:
        told = await refusal(office.protection.GetProtection(pb.GetProtectionRequest(player_id="alice")))
        assert told.code == "UNAVAILABLE"
        ask = decision_service_pb2.ListDecisionsRequest(player_id="alice")
        assert list((await office.decisions.ListDecisions(ask)).records) == []


async def test_one_dead_wallet_of_two_keeps_no_decision_back(server: Postgres, wallet: Served) -> None:
    dead = f"127.0.0.1:{free_port()}"
    players, rounds = [await wallet.player() for _ in range(6)], 0
    for addresses in ((dead, wallet.address), (wallet.address, dead)):
        async with opened(server, *addresses) as office:
            for player in players:
                await wallet.adapter.do(player, f"b{rounds}", bet=bet("1.00", "r1"))
            rounds += 1
            for player in players:
                assert (await decisions(office, player, 2 + rounds))[0].transaction_key == f"b{rounds - 1}"


async def test_a_refused_bet_is_explained_and_comes_out_the_same_again(wallet: Served, office: Office) -> None:
    player = await wallet.player()
    await office.protection.StartExclusion(exclusion(player))
    await wallet.adapter.do(player, "b1", bet=bet("1.00"))
    (record,) = await decisions(office, player, 1, only_refusals=True)
    decision_id = record.decision.decision_id
    ask = decision_service_pb2.ExplainDecisionRequest(
        decision_id=decision_id, view=decision_service_pb2.EXPLANATION_VIEW_STAFF
    )
    assert [line.code for line in (await office.decisions.ExplainDecision(ask)).lines] == ["SEX.SELF", "SES.ENDED"]
    again = decision_service_pb2.ReplayDecisionRequest(decision_id=decision_id)
    replayed = await office.decisions.ReplayDecision(again)
    assert (replayed.identical, list(replayed.decision.reasons)) == (True, ["SEX.SELF", "SES.ENDED"])
    unknown = office.decisions.ReplayDecision(
        decision_service_pb2.ReplayDecisionRequest(decision_id=decision_id, pack="gb@99")
    )
    assert await refusal(unknown) == Refusal(code="NOT_FOUND", reason="PACK_NOT_FOUND")
