"""The reference wallet keeps the contract of a licensee's wallet, over gRPC and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract
from tests.integration.sdk_wallet.wallet import Maker, Running, cancel, credit, debit, outcome


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Maker(tmp_path_factory.mktemp("wallet")).running() as running:
        yield running


@pytest.fixture
def wallet(started: Running) -> Running:
    started.control("fault", mode="none")
    return started


@pytest.fixture(params=["grpc", "json"])
def door(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ada(wallet: Running, request: pytest.FixtureRequest) -> str:
    """A player of one test, with 10.00."""
    name = str(request.node.name).replace("[", ".").replace("]", "")
    wallet.control("players", id=name, currency="EUR", cash="10.00")
    return name


def knows(wallet: Running, door: str, player: str, key: str, kind: str = "debit") -> Any:
    asked = contract.GetTransactionRequest(player_id=player, kind=kind, transaction_key=key)
    return wallet.call(door, "GetTransaction", asked)


def cash(wallet: Running, player: str) -> str:
    return str(
        wallet.over_grpc("GetBalance", contract.GetBalanceRequest(player_id=player, currency_code="EUR")).cash.amount
    )


def test_a_debit_takes_once_and_its_retry_gets_the_first_answer(wallet: Running, door: str, ada: str) -> None:
    first = wallet.call(door, "Debit", debit("b1", "2.50", player=ada))
    assert (outcome(first), first.balance.amount, first.replayed) == ("OK", "7.50", False)
    again = wallet.call(door, "Debit", debit("b1", "2.5", player=ada))
    assert (outcome(again), again.balance.amount, again.replayed) == ("OK", "7.50", True)
    assert again.licensee_transaction_id == first.licensee_transaction_id


@pytest.mark.parametrize("change", [{"amount": "2.51"}, {"round_id": "r2"}, {"provider": "p2"}, {"kind": 2}])
def test_a_key_with_other_content_is_a_conflict(wallet: Running, ada: str, change: dict[str, Any]) -> None:
    common = {"amount": "2.50", "round_id": "r1", "provider": "p1"}
    wallet.over_grpc("Debit", debit("b1", player=ada, **common))
    assert outcome(wallet.over_grpc("Debit", debit("b1", player=ada, **{**common, **change}))) == "IDEMPOTENCY_CONFLICT"
    assert cash(wallet, ada) == "7.50"


def test_a_refused_debit_stays_refused_when_there_is_money(wallet: Running, door: str, ada: str) -> None:
    assert outcome(wallet.call(door, "Debit", debit("b1", "10.01", player=ada))) == "INSUFFICIENT_FUNDS"
    wallet.call(door, "Credit", credit("w1", "5.00", player=ada))
    again = wallet.call(door, "Debit", debit("b1", "10.01", player=ada))
    assert (outcome(again), again.replayed) == ("INSUFFICIENT_FUNDS", True)
    assert knows(wallet, door, ada, "b1").state == contract.KNOWN_STATE_REFUSED


def test_a_cancel_gives_back_once_under_whatever_key(wallet: Running, door: str, ada: str) -> None:
    wallet.call(door, "Debit", debit("b1", "4.00", player=ada))
    first = wallet.call(door, "Cancel", cancel("c1", "b1", ada))
    assert (outcome(first), first.balance.amount) == ("OK", "10.00")
    for key in ("c1", "c2"):
        again = wallet.call(door, "Cancel", cancel(key, "b1", ada))
        assert (outcome(again), again.balance.amount, again.replayed) == ("OK", "10.00", True)
    known = knows(wallet, door, ada, "b1")
    assert (known.state, known.cancelled) == (contract.KNOWN_STATE_APPLIED, True)


def test_a_debit_that_was_cancelled_before_it_came_is_never_taken(wallet: Running, door: str, ada: str) -> None:
    assert outcome(wallet.call(door, "Cancel", cancel("c1", "b1", ada))) == "TOMBSTONED"
    assert outcome(wallet.call(door, "Debit", debit("b1", player=ada))) == "ALREADY_ROLLED_BACK"
    assert knows(wallet, door, ada, "b1").state == contract.KNOWN_STATE_TOMBSTONED
    assert cash(wallet, ada) == "10.00"


def test_a_blocked_player_is_paid_and_corrected_but_does_not_stake(wallet: Running, door: str, ada: str) -> None:
    wallet.control("block", id=ada, blocked=True)
    assert outcome(wallet.call(door, "Debit", debit("b1", player=ada))) == "PLAYER_BLOCKED"
    assert outcome(wallet.call(door, "Credit", credit("w1", player=ada))) == "OK"
    reversal = debit("x1", player=ada, kind=contract.DEBIT_KIND_REVERSAL)
    assert outcome(wallet.call(door, "Debit", reversal)) == "OK"


@pytest.mark.parametrize(
    ("amount", "currency", "wanted"),
    [("1.001", "EUR", "AMOUNT_INVALID"), ("-1.00", "EUR", "AMOUNT_INVALID"), ("1e2", "EUR", "AMOUNT_INVALID"),
     ("92233720368547758.08", "EUR", "AMOUNT_INVALID"), ("1.00", "XXX", "CURRENCY_MISMATCH"),
     ("1.00", "GBP", "CURRENCY_MISMATCH"), ("1.000000", "EUR", "OK"), ("0", "EUR", "OK")],
)  # fmt: skip
def test_amounts_are_exact_or_refused(wallet: Running, ada: str, amount: str, currency: str, wanted: str) -> None:
    assert outcome(wallet.over_grpc("Debit", debit("b1", amount, player=ada, currency=currency))) == wanted


def test_a_player_who_is_opened_later_may_use_a_key_that_was_answered_not_found(wallet: Running) -> None:
    assert outcome(wallet.over_grpc("Debit", debit("b1", player="late"))) == "PLAYER_NOT_FOUND"
    wallet.control("players", id="late", currency="EUR", cash="10.00")
    assert outcome(wallet.over_grpc("Debit", debit("b1", player="late"))) == "OK"


def test_many_debits_at_once_take_no_more_than_there_is(wallet: Running, door: str, ada: str) -> None:
    def take(number: int) -> str:
        return outcome(wallet.call(door, "Debit", debit(f"b{number}", "3.00", player=ada)))

    with ThreadPoolExecutor(8) as threads:
        found = sorted(threads.map(take, range(8)))
    assert found == ["INSUFFICIENT_FUNDS"] * 5 + ["OK"] * 3
    assert cash(wallet, ada) == "1.00"


def test_one_debit_sent_many_times_at_once_is_taken_once(wallet: Running, door: str, ada: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: wallet.call(door, "Debit", debit("b1", "3.00", player=ada)), range(8)))
    assert {outcome(answer) for answer in answers} == {"OK"}
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 7
    assert cash(wallet, ada) == "7.00"


# -- who may ask


@pytest.mark.parametrize("signature", ["", "v1,k1,1,n,AA==", "nonsense"])
def test_a_request_without_a_good_signature_is_told_nothing(wallet: Running, ada: str, signature: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        wallet.over_grpc("Debit", debit("b1", player=ada), signature=signature)
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    answer = wallet.post("Debit", b"{}", signature=signature)
    assert (answer.status_code, answer.json()) == (401, {"error": "the signature is missing or wrong"})
    assert cash(wallet, ada) == "10.00"


def test_the_signature_is_looked_at_before_the_message(wallet: Running) -> None:
    assert wallet.post("Debit", b"\xff{", signature="").status_code == 401
    assert wallet.post("Debit", b"\xff{").status_code == 400
    assert wallet.post("Debit", b'{"plyer_id": "x"}').status_code == 400


def test_a_body_that_is_too_large_and_a_method_that_is_not_there_are_refused(wallet: Running) -> None:
    assert wallet.post("Debit", b"x" * 70_000).status_code == 413
    assert wallet.post("Give", b"{}").status_code == 404
    with pytest.raises(grpc.RpcError) as raised:
        wallet.over_grpc("Debit", contract.DebitRequest())
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


# -- how it fails


@pytest.mark.parametrize(("mode", "state"), [("before", contract.KNOWN_STATE_UNKNOWN),
                                             ("after", contract.KNOWN_STATE_APPLIED)])  # fmt: skip
def test_after_a_lost_answer_the_transaction_tells_what_happened(
    wallet: Running, ada: str, mode: str, state: contract.KnownState
) -> None:
    wallet.control("fault", mode=mode, count=1)
    with pytest.raises(grpc.RpcError) as raised:
        wallet.over_grpc("Debit", debit("b1", player=ada))
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert knows(wallet, "grpc", ada, "b1").state == state


def test_garbage_and_cut_connections_are_made_as_asked(wallet: Running, ada: str) -> None:
    wallet.control("fault", mode="garbage", count=1)
    assert wallet.post("Ping", b"{}").text.startswith("<html>")
    wallet.control("fault", mode="reset", count=1)
    with pytest.raises(httpx.TransportError):
        wallet.post("Ping", b"{}")
    assert wallet.post("Ping", b"{}").status_code == 200


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    maker = Maker(tmp_path)
    with maker.running() as wallet:
        wallet.control("players", id="ada", currency="EUR", cash="100.00")
        for number in range(20):
            assert outcome(wallet.over_grpc("Debit", debit(f"b{number}"))) == "OK"
        wallet.child.kill()
    with maker.running() as wallet:
        assert cash(wallet, "ada") == "80.00"
        assert wallet.over_grpc("Debit", debit("b7")).replayed
        moved = [each["moved_minor"] for each in wallet.control("record")["answers"]]
        assert moved == [-100] * 20
