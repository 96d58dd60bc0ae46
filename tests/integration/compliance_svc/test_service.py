"""The compliance service beside a wallet: both behind real gRPC servers in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import TZPATH

import psycopg
import pytest

from compliance_svc.config import ComplianceSettings
from compliance_svc.kernel import zones
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
from pitboss.wallet.v1 import action_pb2, protection_pb2, wallet_service_pb2
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
ZONES = next(Path(path, "Europe") for path in TZPATH if Path(path, "Europe/London").is_file())
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


async def test_a_login_is_asked_about_and_an_excluded_players_attempts_are_on_record(
    wallet: Served, office: Office
) -> None:
    player = await wallet.player()

    def entry(key: str, purpose: protection_pb2.EntryPurpose.ValueType) -> pb.CheckEntryRequest:
        return pb.CheckEntryRequest(player_id=player, transaction_key=key, purpose=purpose)

    login, message = protection_pb2.ENTRY_PURPOSE_LOGIN, protection_pb2.ENTRY_PURPOSE_MARKETING
    assert (await office.protection.CheckEntry(entry("in", login))).decision.verdict == ALLOW
    await office.protection.StartExclusion(exclusion(player))
    denied = (await office.protection.CheckEntry(entry("in again", login))).decision
    assert (denied.verdict, list(denied.reasons)) == (DENY, ["SEX.SELF"])
    assert (await office.protection.CheckEntry(entry("in", login))).decision.verdict == ALLOW
    assert list((await office.protection.CheckEntry(entry("mail", message))).decision.reasons) == ["SEX.MARKETING"]
    await wallet.adapter.do(player, "b1", bet=bet("1.00"))
    records = await decisions(office, player, 4, only_exclusions=True)
    assert [record.transaction_key for record in records] == ["b1", "mail", "in again", "out"]
    assert len(await decisions(office, player, 6)) > len(records)


async def test_an_exclusion_holds_for_the_human_at_the_licensees_own_door(wallet: Served, office: Office) -> None:
    def opening(player: str, **more: Any) -> wallet_service_pb2.OpenAccountRequest:
        given = {"currency_code": "EUR", "born_on": "1990-01-01", "person_key": "ab" * 16, **more}
        return wallet_service_pb2.OpenAccountRequest(player_id=player, transaction_key="open", **given)

    clear = protection_pb2.SourceAnswers(exclusion_register=protection_pb2.SOURCE_ANSWER_CLEAR)
    cashier = wallet.cashier.wallet
    for player in ("ann-1", "ann-2"):
        assert Outcome.Name((await cashier.OpenAccount(opening(player, answers=clear))).result.outcome) == "OUTCOME_OK"
    await office.protection.StartExclusion(exclusion("ann-1"))
    login = protection_pb2.ENTRY_PURPOSE_LOGIN
    entry = pb.CheckEntryRequest(player_id="ann-2", transaction_key="in", purpose=login)
    assert list((await office.protection.CheckEntry(entry)).decision.reasons) == ["SEX.SELF"]
    third = (await cashier.OpenAccount(opening("ann-3", answers=clear))).result
    assert list(third.decision.reasons) == ["SEX.SELF"]
    other = (await cashier.OpenAccount(opening("bob", answers=clear, person_key="cd" * 16))).result
    assert Outcome.Name(other.outcome) == "OUTCOME_OK"


async def test_a_duty_that_the_licensee_has_done_lets_pass_what_waited_for_it(wallet: Served, office: Office) -> None:
    await wallet.register("malta", "mt")
    player = await wallet.player(cash="0", licensee="malta")
    malta, cashier = office.of("protection", licensee="malta"), wallet.caller("platform", "malta", source="cashier")
    paid = await cashier.do(player, "d1", deposit=action_pb2.Deposit(amount=money("2000.00")))
    assert list(paid.decision.obligations) == ["CDD_DUE"]
    waits = await cashier.do(player, "d2", deposit=action_pb2.Deposit(amount=money("1.00")))
    assert list(waits.decision.reasons) == ["AML.CDD_DUE"]
    duty = pb.RecordDutyRequest(
        player_id=player, transaction_key="cdd", duty=protection_pb2.DUTY_CHECK_CDD, reference=""
    )
    assert (await refusal(malta.RecordDuty(duty))).code == "INVALID_ARGUMENT"
    duty.reference = "case 17 of the desk"
    done = (await malta.RecordDuty(duty)).decision
    assert "licensee case 17 of the desk" in done.facts_json
    passes = await cashier.do(player, "d3", deposit=action_pb2.Deposit(amount=money("1.00")))
    assert Outcome.Name(passes.outcome) == "OUTCOME_OK"


async def test_an_operator_agrees_to_a_return_that_the_player_has_asked_for(server: Postgres, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    write_offset(clock, 0)
    async with (
        serving(server.database("pitboss_wallet").service_url, clock_file=clock) as wallet,
        opened(server, wallet.address) as office,
    ):
        await wallet.register("malta", "mt")
        player, malta = await wallet.player(licensee="malta"), office.of("protection", licensee="malta")
        await malta.StartExclusion(exclusion(player, term="30d"))

        async def agree(key: str) -> list[str]:
            asked = pb.ApproveReinstatementRequest(player_id=player, transaction_key=key)
            return list((await malta.ApproveReinstatement(asked)).decision.reasons)

        assert await agree("a1") == ["SEX.MIN_TERM"]
        write_offset(clock, 31 * DAY_US)
        assert await agree("a2") == ["SEX.AWAIT_REQUEST"]
        await malta.RequestReinstatement(pb.RequestReinstatementRequest(player_id=player, transaction_key="ask"))
        assert await agree("a3") == []
        write_offset(clock, 32 * DAY_US + 60_000_000)
        entry = pb.CheckEntryRequest(player_id=player, transaction_key="in", purpose=protection_pb2.ENTRY_PURPOSE_LOGIN)
        assert (await malta.CheckEntry(entry)).decision.verdict == ALLOW


async def test_a_seen_reality_check_lets_bets_pass_again(server: Postgres, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    write_offset(clock, 0)
    async with (
        serving(server.database("pitboss_wallet").service_url, clock_file=clock) as wallet,
        opened(server, wallet.address) as office,
    ):
        await wallet.register("albion", "gb")
        player = await wallet.player(licensee="albion", currency_code="GBP")
        british, play = office.of("protection", licensee="albion"), office.of("protection", "session_svc", "albion")
        opening = action_pb2.OpenPlay(session_id="p", provider=PROVIDER, currency_code="GBP")
        opening.reality_check_interval.seconds = 1_800
        asked = pb.OpenPlayRequest(player_id=player, transaction_key="p", open_play=opening)
        asked.open_play.replaces_older = True
        assert Outcome.Name((await play.OpenPlay(asked)).result.outcome) == "OUTCOME_OK"
        write_offset(clock, 1_800_000_000)
        stake = {
            "bet": action_pb2.Bet(round_id="r1", amount=money("1.00", "GBP"), game_id="g1", session_id="p"),
        }
        adapter = wallet.caller(f"provider_adapters/{PROVIDER}", "albion")
        refused = await adapter.do(player, "b1", **stake)
        assert list(refused.decision.reasons) == ["SES.RC_DUE"]
        seen = pb.AcknowledgeRealityCheckRequest(player_id=player, transaction_key="seen", session_id="p")
        assert (await british.AcknowledgeRealityCheck(seen)).decision.verdict == ALLOW
        assert Outcome.Name((await adapter.do(player, "b2", **stake)).outcome) == "OUTCOME_OK"
        unknown = pb.AcknowledgeRealityCheckRequest(player_id=player, transaction_key="what", session_id="none")
        assert (await refusal(british.AcknowledgeRealityCheck(unknown))).code == "INVALID_ARGUMENT"


async def test_changed_data_of_a_zone_stops_debits_of_running_services_is_told_and_is_over_when_it_is_back(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, zone = tmp_path / "clock", tmp_path / "Europe" / "London"
    zone.parent.mkdir()
    zone.write_bytes((ZONES / "London").read_bytes())
    write_offset(clock, 0)
    monkeypatch.setattr(zones, "TZPATH", (str(tmp_path), *TZPATH))
    async with (
        serving(server.database("pitboss_wallet").service_url, clock_file=clock) as wallet,
        opened(server, wallet.address),
    ):
        await wallet.register("albion", "gb")
        player = await wallet.player(licensee="albion", currency_code="GBP")
        assert await pounds(wallet, player, "d1", "1.00") == "OK"
        # As if the government had given up the clock change, and the system had brought that.
        zone.write_bytes((ZONES / "Lisbon").read_bytes())
        write_offset(clock, 11_000_000)
        assert await pounds(wallet, player, "d2", "1.00") == "COMPLIANCE_DENIED"
        adapter = wallet.caller(f"provider_adapters/{PROVIDER}", "albion")
        stake = action_pb2.Bet(round_id="r", amount=money("1.00", "GBP"), game_id="g1", session_id="s")
        told = await adapter.do(player, "b1", bet=stake)
        assert (list(told.decision.reasons), told.decision.guardrail) == (["SYS.ZONE_DATA"], "G4")
        assert await pounds_of(wallet, player, "elsewhere") == "OK"
        async with asyncio.timeout(30):
            while not noted(server, "ZONE_DATA_CHANGED"):
                await asyncio.sleep(0.1)
        zone.write_bytes((ZONES / "London").read_bytes())
        write_offset(clock, 22_000_000)
        assert await pounds(wallet, player, "d3", "1.00") == "OK"


async def pounds_of(wallet: Served, name: str, licensee: str) -> str:
    """The outcome of a deposit of somebody in another market."""
    await wallet.register(licensee, "mt")
    return "OK" if await wallet.player(f"{name}-mt", licensee=licensee) else ""


def noted(server: Postgres, refusal_: str) -> bool:
    """Whether an event about a pack's zone stands in the compliance service's database."""
    with psycopg.connect(server.database("pitboss_compliance").owner_url) as connection:
        found = connection.execute("SELECT count(*) FROM pack_event WHERE refusal = %s", (refusal_,)).fetchone()
    return found is not None and found[0] > 0


async def test_five_failed_deposits_stop_the_next_one_and_a_licensee_raises_no_limit(
    wallet: Served, office: Office
) -> None:
    await wallet.register("jersey", "us-nj")
    cashier, player = wallet.caller("platform", "jersey", source="cashier"), "jo"
    await cashier.do(player, "open", open_account=action_pb2.OpenAccount(currency_code="USD", born_on="1990-01-01"))
    jersey = office.of("protection", licensee="jersey")
    for number in (1, 2, 3, 3, 4):
        told = await jersey.ReportFailedDeposit(
            pb.ReportFailedDepositRequest(player_id=player, transaction_key=f"f{number}")
        )
        assert list(told.decision.obligations) == []
    told = await jersey.ReportFailedDeposit(pb.ReportFailedDepositRequest(player_id=player, transaction_key="f5"))
    assert list(told.decision.obligations) == ["INVESTIGATE_PAYMENTS"]
    done = await cashier.do(player, "d1", deposit=action_pb2.Deposit(amount=money("1.00", "USD")))
    assert list(done.decision.reasons) == ["PAY.REVIEW"]
    await jersey.SetLimit(limit(player, "l1", "50.00", currency="USD"))
    higher = limit(player, "l2", "51.00", currency="USD")
    higher.by_licensee = True
    denied = (await jersey.SetLimit(higher)).decision
    assert (denied.verdict, list(denied.reasons)) == (DENY, ["LIM.PLAYER_ONLY"])


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
