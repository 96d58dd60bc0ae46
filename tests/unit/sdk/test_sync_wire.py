"""What the blocking client puts on the wire, seen at a channel that the test answers by hand."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Thread
from typing import Any

import grpc
import grpc_testing
import pytest

from pitboss_sdk import Client, Money, Receipt, errors
from pitboss_sdk._stubs.pitboss.type.v1 import outcome_pb2
from pitboss_sdk._stubs.pitboss.wallet.v1 import action_pb2, wallet_service_pb2
from pitboss_sdk._stubs.pitboss.wallet.v1.wallet_service_pb2 import DepositRequest, DepositResponse

WALLET = wallet_service_pb2.DESCRIPTOR.services_by_name["WalletService"]
STAKE = Money(Decimal("25.00"), "EUR")
DONE = DepositResponse(
    result=action_pb2.Result(
        outcome=outcome_pb2.OUTCOME_OK, outcome_class=outcome_pb2.OUTCOME_CLASS_SUCCESS, transaction_id="t-1"
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One attempt, as it left the client."""

    request: DepositRequest
    metadata: Mapping[str, str]
    timeout_s: float


@dataclass
class Wire:
    """A channel whose other end is the test. It also notes paths and deadlines, which the fake channel drops."""

    fake: grpc_testing.Channel = field(
        default_factory=lambda: grpc_testing.channel([WALLET], grpc_testing.strict_real_time())
    )
    paths: list[str] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def unary_unary(self, method: str, *_: object, **__: object) -> Any:
        # The SDK's descriptors have names of their own, so that they can live beside any other Pitboss contracts.
        inner = self.fake.unary_unary(f"/{WALLET.full_name}/{method.rpartition('/')[2]}")

        def call(request: object, *, timeout: float, metadata: object) -> Any:
            self.paths.append(method)
            self.timeouts.append(timeout)
            return inner(request, timeout=timeout, metadata=metadata)

        return call

    def unary_stream(self, method: str, *_: object, **__: object) -> Any:
        return self.fake.unary_stream(method)

    def stream_stream(self, method: str, *_: object, **__: object) -> Any:
        return self.fake.stream_stream(method)

    def close(self) -> None:
        self.fake.close()

    def answer(self, response: DepositResponse | None, code: grpc.StatusCode = grpc.StatusCode.OK) -> Seen:
        """Wait for the next deposit, end it this way, and say what was seen of it."""
        metadata, request, rpc = self.fake.take_unary_unary(WALLET.methods_by_name["Deposit"])
        named = {name: value for name, value in metadata if name != "grpc.metadata_added_by_runtime"}
        seen = Seen(request=request, metadata=named, timeout_s=self.timeouts[-1])
        rpc.terminate(response, (), code, "")
        return seen


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(grpc, "insecure_channel", lambda _target, options: wire)
    return wire


@pytest.fixture
def client(wire: Wire) -> Client:
    tokens = iter(["first", "second", "third"])
    return Client("127.0.0.1:1", token=lambda: next(tokens), plaintext=True)


def deposit(client: Client, **options: Any) -> Future[Receipt]:
    receipt: Future[Receipt] = Future()

    def call() -> None:
        try:
            receipt.set_result(client.deposit("pl-7001", STAKE, **options))
        except errors.PitbossError as error:
            receipt.set_exception(error)

    # A daemon: a call that a failed test leaves without an answer does not keep the test run alive.
    Thread(target=call, daemon=True).start()
    return receipt


def test_a_deposit_carries_the_token_a_request_id_its_key_and_a_deadline(client: Client, wire: Wire) -> None:
    receipt = deposit(client, transaction_key="k-1", timeout_s=3.0)
    seen = wire.answer(DONE)
    assert wire.paths == ["/pitboss.wallet.v1.WalletService/Deposit"]
    assert seen.metadata == {"authorization": "Bearer first", "x-request-id": receipt.result(5).request_id}
    assert 2.0 < seen.timeout_s <= 3.0
    assert (seen.request.player_id, seen.request.transaction_key) == ("pl-7001", "k-1")
    assert (seen.request.amount.amount, seen.request.amount.currency_code) == ("25.00", "EUR")
    assert receipt.result(5).transaction_key == "k-1"


def test_a_retry_keeps_key_and_request_id_and_has_less_time_than_the_first_attempt(client: Client, wire: Wire) -> None:
    receipt = deposit(client, timeout_s=3.0)
    first, second = wire.answer(None, grpc.StatusCode.UNAVAILABLE), wire.answer(DONE)
    assert second.request == first.request
    assert first.request.transaction_key == receipt.result(5).transaction_key != ""
    assert second.metadata["x-request-id"] == first.metadata["x-request-id"]
    assert second.timeout_s < first.timeout_s


def test_two_deposits_have_different_keys(client: Client, wire: Wire) -> None:
    first, second = deposit(client), deposit(client)
    keys = {wire.answer(DONE).request.transaction_key for _ in range(2)}
    assert keys == {first.result(5).transaction_key, second.result(5).transaction_key}
    assert len(keys) == 2


def test_a_call_that_was_not_let_in_is_made_once_more_with_a_fresh_token_and_the_same_key(
    client: Client, wire: Wire
) -> None:
    receipt = deposit(client)
    first, second = wire.answer(None, grpc.StatusCode.UNAUTHENTICATED), wire.answer(DONE)
    assert [seen.metadata["authorization"] for seen in (first, second)] == ["Bearer first", "Bearer second"]
    assert second.request == first.request
    assert receipt.result(5).transaction_id == "t-1"


def test_a_call_that_is_wrong_is_not_made_again(client: Client, wire: Wire) -> None:
    receipt = deposit(client)
    wire.answer(None, grpc.StatusCode.INVALID_ARGUMENT)
    with pytest.raises(errors.CallError):
        receipt.result(5)
    assert len(wire.timeouts) == 1
