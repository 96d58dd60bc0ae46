"""Player protection through the gateway, ordered with the money, on the whole mesh."""

import datetime as dt
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import grpc
import psycopg
import pytest

from compliance_svc.kernel.document import PackDocument
from mesh.clock import to_us
from mesh.dev.stack import Options, Stack
from mesh.tls import Tls
from pitboss.compliance.v1 import compliance_service_pb2 as pb
from pitboss.compliance.v1 import compliance_service_pb2_grpc, decision_service_pb2_grpc, policy_service_pb2_grpc
from pitboss.compliance.v1 import decision_service_pb2 as decisions_pb
from pitboss.compliance.v1 import pack_release_service_pb2 as release_pb
from pitboss.compliance.v1 import policy_service_pb2 as policy_pb
from pitboss.compliance.v1.pack_release_service_pb2_grpc import PackReleaseServiceStub
from pitboss.type.v1 import decision_pb2
from pitboss.type.v1.money_pb2 import Money as WireMoney
from pitboss.wallet.v1 import action_pb2
from pitboss_sdk import Client, Money
from pitboss_sdk.errors import LimitExceededError
from tests.integration.compliance_svc.playing import Load, Table
from tests.integration.mesh.waiting import until
from tests.releasing import approved, people, signed
from tests.unit.compliance_svc.kernel.signers import shipped, text, version

_TIMEOUT_S = 10.0
FUTURE = "2099-01-01T00:00:00[Europe/London]"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(Options(kind="compliance")) as running:
        yield running


@pytest.fixture(scope="module")
def channel(stack: Stack) -> Iterator[grpc.Channel]:
    credentials = Tls.load(stack.around.tls / "platform").channel_credentials()
    with grpc.secure_channel(f"127.0.0.1:{stack.around.ports.compliance}", credentials) as opened:
        yield opened


@pytest.fixture(scope="module")
def aurora(stack: Stack) -> Iterator[Client]:
    gateway = stack.mesh["gateway"]
    with Client(gateway["grpc"], token=stack.token("aurora"), ca_file=gateway["ca"]) as client:
        yield client


def _as(licensee: str) -> dict[str, Any]:
    return {"metadata": (("x-pitboss-licensee", licensee),), "timeout": _TIMEOUT_S}


def _limit(channel: grpc.Channel, player: str, key: str, amount: str) -> decision_pb2.Decision:
    request = pb.SetLimitRequest(
        player_id=player,
        transaction_key=key,
        limit_kind=action_pb2.LIMIT_KIND_DEPOSIT,
        window="24h",
        amount=WireMoney(currency_code="GBP", amount=amount),
    )
    stub = compliance_service_pb2_grpc.ComplianceServiceStub(channel)
    return stub.SetLimit(request, **_as("aurora")).decision


def _decisions(channel: grpc.Channel, licensee: str, player: str, at_least: int) -> list[decisions_pb.DecisionRecord]:
    stub = decision_service_pb2_grpc.DecisionServiceStub(channel)
    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        found = stub.ListDecisions(decisions_pb.ListDecisionsRequest(player_id=player), **_as(licensee)).records
        if len(found) >= at_least or time.monotonic() > deadline:
            return list(found)
        time.sleep(0.05)


def test_a_deposit_limit_holds_at_once_and_its_increase_waits(aurora: Client, channel: grpc.Channel) -> None:
    aurora.open_account("limited", "GBP", born_on=date(1986, 1, 15))
    assert _limit(channel, "limited", "l1", "30.00").verdict == decision_pb2.VERDICT_ALLOW
    aurora.deposit("limited", Money(20, "GBP"))
    with pytest.raises(LimitExceededError):
        aurora.deposit("limited", Money(11, "GBP"))
    scheduled = _limit(channel, "limited", "l2", "100.00")
    assert scheduled.verdict == decision_pb2.VERDICT_SCHEDULE
    assert scheduled.effective_time.seconds > time.time() + 80_000
    stub = compliance_service_pb2_grpc.ComplianceServiceStub(channel)
    shown = stub.GetProtection(pb.GetProtectionRequest(player_id="limited"), **_as("aurora")).limits[0]
    assert (shown.amount.amount, shown.pending_amount.amount) == ("30.00", "100.00")


def test_the_same_key_with_another_limit_is_a_conflict(aurora: Client, channel: grpc.Channel) -> None:
    aurora.open_account("keyed", "GBP", born_on=date(1986, 1, 15))
    first = _limit(channel, "keyed", "l1", "30.00")
    assert _limit(channel, "keyed", "l1", "30.00").decision_id == first.decision_id
    with pytest.raises(grpc.RpcError) as refused:
        _limit(channel, "keyed", "l1", "31.00")
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS


def test_every_decision_is_kept_once_with_its_pack_also_when_the_reader_is_killed(
    stack: Stack, aurora: Client, channel: grpc.Channel
) -> None:
    aurora.open_account("watched", "GBP", born_on=date(1986, 1, 15))
    for _ in range(3):
        aurora.deposit("watched", Money(1, "GBP"))
    assert len(_decisions(channel, "aurora", "watched", 3)) == 3
    stack.kill("compliance_svc")
    for _ in range(3):
        aurora.deposit("watched", Money(1, "GBP"))
    stack.restart("compliance_svc")
    records = _decisions(channel, "aurora", "watched", 6)
    ids = [record.decision.decision_id for record in records]
    assert len(ids) == len(set(ids)) == 6
    packs = policy_service_pb2_grpc.PolicyServiceStub(channel).ListPacks(policy_pb.ListPacksRequest(), **_as("aurora"))
    digests = {pack.name: pack.digest for pack in packs.packs}
    assert {record.decision.pack_digest for record in records} == {digests["gb"]}


def test_another_licensee_finds_neither_the_decision_nor_the_player(aurora: Client, channel: grpc.Channel) -> None:
    aurora.open_account("private", "GBP", born_on=date(1986, 1, 15))
    aurora.deposit("private", Money(1, "GBP"))
    found = _decisions(channel, "aurora", "private", 1)[0].decision.decision_id
    stub = decision_service_pb2_grpc.DecisionServiceStub(channel)
    assert stub.GetDecision(decisions_pb.GetDecisionRequest(decision_id=found), **_as("aurora")).record.player_id
    with pytest.raises(grpc.RpcError) as refused:
        stub.GetDecision(decisions_pb.GetDecisionRequest(decision_id=found), **_as("borealis"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert _decisions(channel, "borealis", "private", 0) == []


def test_a_dry_run_tells_every_reason_and_stores_nothing(aurora: Client, channel: grpc.Channel) -> None:
    aurora.open_account("young", "GBP", born_on=date(2015, 5, 17))
    deposit = action_pb2.Deposit(amount=WireMoney(currency_code="GBP", amount="1.00"))
    action = action_pb2.Action(player_id="young", transaction_key="d1", deposit=deposit)
    stub = compliance_service_pb2_grpc.ComplianceServiceStub(channel)
    decision = stub.Evaluate(pb.EvaluateRequest(action=action), **_as("aurora")).decision
    assert (decision.verdict, list(decision.reasons)) == (decision_pb2.VERDICT_DENY, ["KYC.AGE"])
    assert decision.decision_id == ""
    assert [each.kind.name for each in aurora.list_transactions("young")] == ["OPEN_ACCOUNT"]


# -- packs beside the law, and into force: the last tests, because the law of this mesh changes, and its clock moves


@pytest.fixture
def table(stack: Stack, aurora: Client) -> Iterator[Table]:
    with Table(stack, aurora) as opened:
        yield opened


@pytest.fixture(scope="module")
def releases(channel: grpc.Channel) -> PackReleaseServiceStub:
    return PackReleaseServiceStub(channel)


def _differences(releases: PackReleaseServiceStub, digest: str) -> list[release_pb.ChangedDecision]:
    request = release_pb.ListShadowDifferencesRequest(digest=digest)
    return list(releases.ListShadowDifferences(request, timeout=_TIMEOUT_S).changes)


def _told(changes: Iterable[release_pb.ChangedDecision]) -> list[tuple[str, str, str, list[str], Decimal]]:
    """Who, what before and after, why, and how much."""
    name = decision_pb2.Verdict.Name
    return sorted(
        (each.player_id, name(each.before), name(each.after), list(each.reasons), _pounds(each)) for each in changes
    )


def _pounds(change: release_pb.ChangedDecision) -> Decimal:
    assert change.currency_code == "GBP"
    return Decimal(change.amount_minor).scaleb(-change.exponent)


def _simulated(
    releases: PackReleaseServiceStub, document: PackDocument, since: dt.datetime, page_size: int
) -> tuple[int, list[release_pb.ChangedDecision]]:
    """All parts of a simulation of a pack that nobody has proposed, over what was decided since."""
    request = release_pb.SimulatePackRequest(
        pack=release_pb.PackSource(content=text(document)), licensee_id="aurora", page_size=page_size
    )
    request.start_time.FromDatetime(since)
    request.end_time.FromDatetime(since + dt.timedelta(days=1))
    compared, changes = 0, list[release_pb.ChangedDecision]()
    while True:
        part = releases.SimulatePack(request, timeout=_TIMEOUT_S)
        compared += part.compared
        changes += part.changes
        request.page_token = part.next_page_token
        if not part.next_page_token:
            return compared, changes


def test_a_shadow_pack_notes_what_it_would_have_decided_and_changes_nothing(
    stack: Stack, table: Table, channel: grpc.Channel, releases: PackReleaseServiceStub
) -> None:
    since = dt.datetime.now(dt.UTC)
    stakes = {"shadow-low": "2.50", "shadow-high": "2.51", "shadow-most": "5.00", "shadow-over": "5.01"}
    players = {name: table.player(name) for name in (*stakes, "shadow-later")}
    halved = version("8", FUTURE, stake_cap__slot="2.50 GBP")
    person = people(stack.vault.pack_signers)[0]
    releases.ProposePack(release_pb.ProposePackRequest(content=text(halved), signature=signed(halved, person)))
    releases.ShadowPack(release_pb.ShadowPackRequest(digest=halved.digest, on=True), timeout=_TIMEOUT_S)
    outcomes = {
        name: table.bet_until_answered(players[name], f"b-{name}", amount, 0) for name, amount in stakes.items()
    }
    assert outcomes == {name: "COMPLIANCE_DENIED" if name == "shadow-over" else "OK" for name in stakes}
    wanted = [
        (name, "VERDICT_ALLOW", "VERDICT_DENY", ["GAM.STAKE_CAP"], Decimal(stakes[name]))
        for name in ("shadow-high", "shadow-most")
    ]
    until(lambda: len(_differences(releases, halved.digest)) >= len(wanted), "the shadow pack has decided")
    assert _told(_differences(releases, halved.digest)) == wanted
    # It was proposed, and no more: no wallet has it, and whatever was decided was decided by the law.
    law = shipped("gb").digest
    assert {one.pack_digest for one in table.log("b-shadow")} == {law}
    with psycopg.connect(stack.postgres.database("pitboss_wallet").owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM law_pack").fetchone() == (0,)
    releases.ShadowPack(release_pb.ShadowPackRequest(digest=halved.digest, on=False), timeout=_TIMEOUT_S)
    assert table.bet_until_answered(players["shadow-later"], "b-shadow-later", "4.00", 0) == "OK"
    later = _decisions(channel, "aurora", "shadow-later", 3)
    assert later[0].transaction_key == "b-shadow-later"
    assert _told(_differences(releases, halved.digest)) == wanted
    # Each shard is read on its own: what is simulated over must have been read from all of them.
    for name in players:
        assert len(_decisions(channel, "aurora", name, 3)) == 3
    # A simulation finds the same in the past, and what was decided since; of a looser pack, what it would have let pass.
    stricter = [*wanted, ("shadow-later", "VERDICT_ALLOW", "VERDICT_DENY", ["GAM.STAKE_CAP"], Decimal("4.00"))]
    looser = [("shadow-over", "VERDICT_DENY", "VERDICT_ALLOW", list[str](), Decimal("5.01"))]
    for pack, changes in ((halved, sorted(stricter)), (version("9", FUTURE, stake_cap__slot="6.00 GBP"), looser)):
        for page_size in (3, 1000):
            compared, found = _simulated(releases, pack, since, page_size)
            # The deposit, the session and the bet of each.
            assert (compared, _told(found)) == (3 * len(players), changes)


def test_a_pack_begins_at_its_instant_on_both_wallets_under_load_and_while_they_are_killed(
    stack: Stack, table: Table, releases: PackReleaseServiceStub
) -> None:
    first, hours = shipped("gb"), 3
    start = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(hours=hours)
    written = f"{start.astimezone(ZoneInfo(first.zone)).replace(tzinfo=None).isoformat()}[{first.zone}]"
    second = version("2", written, stake_cap__slot="2.50 GBP")
    approved(releases, second, people(stack.vault.pack_signers))
    players = [table.player(f"load-{number}") for number in range(3)]
    with Load(table, players, "3.00") as load:
        load.goes_on()
        scheduling = threading.Thread(target=_schedule, args=(releases, second.digest))
        scheduling.start()
        stack.kill("wallet_svc-1")
        load.goes_on()
        stack.restart("wallet_svc-1")
        scheduling.join()
        load.goes_on()
        stack.advance_clock(hours * 3600 + 1)
        stack.kill("wallet_svc-2")
        load.goes_on()
        stack.restart("wallet_svc-2")
        load.goes_on()
    assert load.failures == []
    log = table.log("load-")
    assert {one.key: one.outcome for one in log} == load.answers
    assert len(log) == len(load.answers)
    start_us = to_us(start)
    assert {one.pack_digest for one in log if one.at_us < start_us} == {first.digest}
    assert {one.pack_digest for one in log if one.at_us >= start_us} == {second.digest}
    # And it was the whole pack that each digest names.
    for one in log:
        assert ("GAM.STAKE_CAP" in one.reasons) is (one.pack_digest == second.digest), one


def _schedule(releases: PackReleaseServiceStub, digest: str) -> None:
    """Schedule a pack; called again until it is done, as whoever is told that a wallet is down does it."""

    def done() -> bool:
        try:
            releases.SchedulePack(release_pb.SchedulePackRequest(digest=digest), timeout=_TIMEOUT_S)
        except grpc.RpcError:
            return False
        return True

    until(done, "the pack is scheduled")
