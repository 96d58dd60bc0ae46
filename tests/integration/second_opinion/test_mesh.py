"""The second opinion as a process of the mesh."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest

from mesh.cli.proving import _continue
from mesh.dev.stack import Options, Stack
from mesh.status import RemoteError, read_error
from mesh.tls import Tls
from mesh.verify.notes import keys_of, open_checkpoint
from mesh.verify.proofs import ProofError, check, write
from pitboss.proof.v1 import ledger_proof_service_pb2 as pb
from pitboss.proof.v1.ledger_proof_service_pb2_grpc import LedgerProofServiceStub
from pitboss_sdk import Client, Money

NAME = "second_opinion"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(Options(kind="opinion", second_opinion=True)) as running:
        deposit(running, "open")
        yield running


@contextlib.contextmanager
def service(stack: Stack, workload: str = "platform") -> Iterator[LedgerProofServiceStub]:
    credentials = Tls.load(Path(stack.around.tls) / workload).channel_credentials()
    with grpc.secure_channel(stack.mesh["internal"][NAME], credentials) as channel:
        yield LedgerProofServiceStub(channel)


def deposit(stack: Stack, name: str, *, opened: bool = False) -> None:
    """Some entries in several shards; of players who are there already, if they are `opened`."""
    mesh = stack.mesh
    with Client(mesh["gateway"]["grpc"], token=stack.token("borealis"), ca_file=mesh["gateway"]["ca"]) as client:
        for number in range(4):
            if not opened:
                client.open_account(f"{name}-{number}", "EUR", born_on=date(1986, 1, 15))
            client.deposit(f"{name}-{number}", Money(Decimal(10), "EUR"))


def opinion(stack: Stack) -> pb.GetSecondOpinionResponse:
    with service(stack) as stub:
        found: pb.GetSecondOpinionResponse = stub.GetSecondOpinion(
            pb.GetSecondOpinionRequest(), timeout=20, wait_for_ready=True
        )
    return found


def until(stack: Stack, holds: Callable[[pb.GetSecondOpinionResponse], bool]) -> pb.GetSecondOpinionResponse:
    end, found = time.monotonic() + 90, None
    while time.monotonic() < end:
        try:
            found = opinion(stack)
        except grpc.RpcError as error:
            # The mesh does not wait for this process when it starts.
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise
        else:
            if holds(found):
                return found
        time.sleep(0.05)
    raise AssertionError(found)


def logged(stack: Stack, text: str) -> str:
    """The first line of the log with a text; lines are written behind the work."""
    log, end = stack.run / "log" / f"{NAME}.log", time.monotonic() + 30
    while not (found := [line for line in log.read_text().splitlines() if text in line]):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    return found[0]


def stored(stack: Stack) -> int:
    url = stack.mesh["postgres"]["databases"]["wallet_svc"]["reader_url"]
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM transfer").fetchone()
    assert row is not None
    return int(row[0])


def refusal(method: Any, request: Any) -> RemoteError:
    with pytest.raises(grpc.RpcError) as refused:
        method(request, timeout=20, wait_for_ready=True)
    return read_error(refused.value)


def test_it_agrees_with_an_honest_ledger_and_is_not_behind(stack: Stack) -> None:
    deposit(stack, "agree")
    found = until(stack, lambda one: one.checked == stored(stack))
    assert found.agrees
    assert found.coverage == 1
    assert found.lag_seconds < 20
    assert stack.states(timeout_s=20)[NAME] == "ready"


def test_a_transaction_is_proved_to_whoever_has_the_key(stack: Stack) -> None:
    until(stack, lambda one: one.checked == stored(stack))
    with service(stack) as stub:
        answer = stub.GetInclusionProof(pb.GetInclusionProofRequest(transaction_id="0-1"), timeout=20)
    text = write(entry=answer.entry, index=answer.leaf_index, path=answer.path, checkpoint=answer.checkpoint)
    proved = check(text, keys_of(answer.verifier_key))
    assert (proved.transfer.shard, proved.transfer.sequence) == (0, 1)
    assert proved.checkpoint.size == answer.tree_size


def test_what_cannot_be_proved_is_refused_with_its_reason(stack: Stack) -> None:
    with service(stack) as stub:
        refused = refusal(stub.GetInclusionProof, pb.GetInclusionProofRequest(transaction_id="0-999999"))
        assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_NOT_CHECKED_YET")
        refused = refusal(stub.GetCheckpoint, pb.GetCheckpointRequest(shard=999))
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "ERROR_REASON_SHARD_NOT_FOUND")
        assert refused.metadata["shards"] == "8"
        refused = refusal(stub.GetConsistencyProof, pb.GetConsistencyProofRequest(shard=0, from_size=2, to_size=1))
        assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_SIZES_INVALID")
        for wrong in ("", "x", "0-0", "00-1", "0-01", "99999-1"):
            refused = refusal(stub.GetInclusionProof, pb.GetInclusionProofRequest(transaction_id=wrong))
            assert refused.code is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("workload", ["gateway", "wallet_svc", "session_svc"])
def test_only_the_platform_may_ask(stack: Stack, workload: str) -> None:
    with service(stack, workload) as stub:
        refused = refusal(stub.GetSecondOpinion, pb.GetSecondOpinionRequest())
    assert refused.code is grpc.StatusCode.PERMISSION_DENIED


def test_killed_it_goes_on_where_it_was(stack: Stack) -> None:
    until(stack, lambda one: one.checked == stored(stack))
    stack.kill(NAME)
    deposit(stack, "killed")
    stack.restart(NAME)
    found = until(stack, lambda one: one.checked == stored(stack))
    assert found.agrees


def test_it_outlives_a_database_that_restarts(stack: Stack) -> None:
    stack.restart("postgres")
    deposit(stack, "restart")
    found = until(stack, lambda one: one.checked == stored(stack))
    assert found.agrees
    assert stack.is_running(NAME)


def test_a_checkpoint_of_today_is_the_same_tomorrow(stack: Stack) -> None:
    until(stack, lambda one: one.checked == stored(stack))
    with service(stack) as stub:
        before = stub.GetCheckpoint(pb.GetCheckpointRequest(shard=0), timeout=20)
        deposit(stack, "tomorrow")
        until(stack, lambda one: one.checked == stored(stack))
        again = stub.GetCheckpoint(pb.GetCheckpointRequest(shard=0, tree_size=before.tree_size), timeout=20)
    assert again == before
    assert open_checkpoint(before.checkpoint, keys_of(before.verifier_key)).size == before.tree_size


def test_the_log_of_today_is_proved_to_continue_the_one_of_yesterday_and_no_other(stack: Stack) -> None:
    until(stack, lambda one: one.checked == stored(stack))
    with service(stack) as stub:
        kept = [stub.GetCheckpoint(pb.GetCheckpointRequest(shard=shard), timeout=20) for shard in range(8)]
        keys = [key for one in kept for key in keys_of(one.verifier_key)]
        olds = [open_checkpoint(one.checkpoint, keys) for one in kept if one.tree_size]
        deposit(stack, "open", opened=True)
        until(stack, lambda one: one.checked == stored(stack))
        grown = [_continue(stub, old, keys)[1] for old in olds]
        assert [then for then, _ in grown] == [old.size for old in olds]
        assert any(now > then for then, now in grown)
        with pytest.raises(ProofError):
            _continue(stub, replace(olds[0], root=bytes(32)), keys)


def test_the_key_stands_in_no_log(stack: Stack) -> None:
    key = stack.vault.signing_key
    assert len(key) > 40
    assert [file.name for file in (stack.run / "log").iterdir() if key in file.read_text(errors="replace")] == []


def test_one_byte_that_a_superuser_changes_is_named_within_seconds(stack: Stack) -> None:
    """The last test: what was disputed once stays disputed until people have looked at it."""
    until(stack, lambda one: one.checked == stored(stack))
    database = stack.mesh["postgres"]["databases"]["wallet_svc"]["name"]
    url = stack.mesh["postgres"]["admin_url"].rpartition("/")[0] + f"/{database}"
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        row = superuser.execute("SELECT shard, sequence FROM transfer WHERE kind = 5 LIMIT 1").fetchone()
        assert row is not None
        superuser.execute("UPDATE transfer SET available = available + 1 WHERE (shard, sequence) = (%s, %s)", row)
    found = until(stack, lambda one: not one.agrees)
    assert [alarm.place for alarm in found.alarms] == [f"{row[0]}-{row[1]}"]
    with service(stack) as stub:
        refused = refusal(stub.GetCheckpoint, pb.GetCheckpointRequest(shard=row[0]))
        assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_LEDGER_DISPUTED")
    assert '"level":"error"' in logged(stack, f'"place":"{row[0]}-{row[1]}"')
    stack.kill(NAME)
    stack.restart(NAME)
    assert not until(stack, lambda one: one.checked > 0).agrees
