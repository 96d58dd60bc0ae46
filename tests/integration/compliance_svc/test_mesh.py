"""Player protection through the gateway, ordered with the money, on the whole mesh."""

import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import grpc
import pytest

from mesh.dev.stack import Options, Stack
from mesh.tls import Tls
from pitboss.compliance.v1 import compliance_service_pb2 as pb
from pitboss.compliance.v1 import compliance_service_pb2_grpc, decision_service_pb2_grpc, policy_service_pb2_grpc
from pitboss.compliance.v1 import decision_service_pb2 as decisions_pb
from pitboss.compliance.v1 import policy_service_pb2 as policy_pb
from pitboss.type.v1 import decision_pb2
from pitboss.type.v1.money_pb2 import Money as WireMoney
from pitboss.wallet.v1 import action_pb2
from pitboss_sdk import Client, Money
from pitboss_sdk.errors import LimitExceededError

_TIMEOUT_S = 10.0


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
