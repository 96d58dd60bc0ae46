"""What is missing of the audit log, too much in it, or otherwise, is found."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from pitboss.audit.v1 import audit_service_pb2 as pb
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome
from pitboss.wallet.v1.transaction_pb2 import Transaction, TransactionKind, TransactionState
from tests.conformance.audited import Trail, wrong

RECORD = '{"verdict":"ALLOW"}'
BET = Transaction(
    transaction_id="2-17",
    player_id="p",
    source="x_style",
    kind=TransactionKind.TRANSACTION_KIND_BET,
    transaction_key="b1",
    state=TransactionState.TRANSACTION_STATE_APPLIED,
    outcome=Outcome.OUTCOME_OK,
    amount=Money(currency_code="EUR", amount="2.50"),
    round_id="r1",
    request_id="call",
    balance_at_commit=Money(currency_code="EUR", amount="97.5"),
)


def event(**other: Any) -> pb.Entry:
    content = {
        "id": "2-17",
        "kind": "bet",
        "source": "x_style",
        "key": "b1",
        "outcome": "ok",
        "reference": "",
        "request_id": "call",
        "amount": "2.5",
        "round": "r1",
        "applied": True,
        "balance": "97.5",
        "decision": hashlib.sha256(RECORD.encode()).hexdigest(),
    }
    return pb.Entry(source="ledger/2", record_class=pb.RECORD_CLASS_ROUND, payload=json.dumps(content | other))


def decision(**other: Any) -> pb.Entry:
    content = {"id": "2-17", "kind": "bet", "source": "x_style", "key": "b1", "record": RECORD}
    return pb.Entry(source="ledger/2", record_class=pb.RECORD_CLASS_DECISION, payload=json.dumps(content | other))


def problems(*entries: pb.Entry, stored: Transaction = BET) -> list[str]:
    return list(wrong(entries, {stored.transaction_id: stored}, {("win", "w1")}))


def test_one_event_and_one_decision_are_right() -> None:
    assert problems(event(), decision()) == []


def test_the_record_of_the_round_is_no_second_event() -> None:
    record = pb.Entry(source="rounds/2", record_class=pb.RECORD_CLASS_ROUND, payload='{"id": "2-17"}')
    assert problems(event(), decision(), record) == []


def test_the_decision_may_stand_beside_the_intent() -> None:
    told = [event(id="2-16", kind="intent_bet"), event(decision=None), decision(id="2-16", kind="intent_bet")]
    assert problems(*told) == []


def test_what_has_no_round_is_in_no_event() -> None:
    gift = Transaction(
        transaction_id="2-18",
        kind=TransactionKind.TRANSACTION_KIND_PROMO,
        state=TransactionState.TRANSACTION_STATE_APPLIED,
    )
    assert problems(stored=gift) == []


@pytest.mark.parametrize(
    "entries",
    [
        [decision()],
        [event()],
        [event(), event(), decision()],
        [event(), event(id="2-19"), decision()],
        [event(id="2-19"), decision()],
        [event(), decision(), decision(id="2-19")],
        [event(), decision(record="{}")],
        [event(decision="0"), decision()],
        [event(amount="2.51"), decision()],
        [event(balance="97.51"), decision()],
        [event(outcome="insufficient_funds"), decision()],
        [event(request_id="other"), decision()],
        [event(applied=False), decision()],
        [event(), decision(), event(id="2-18", kind="win", key="w1")],
    ],
)
def test_anything_else_is_wrong(entries: list[pb.Entry]) -> None:
    assert problems(*entries)


def test_a_message_is_stored_or_it_is_not() -> None:
    trail = Trail("borealis")
    trail.note("p", TransactionKind.TRANSACTION_KIND_BET, "b1", BET)
    unknown = Transaction(state=TransactionState.TRANSACTION_STATE_UNKNOWN)
    trail.note("q", TransactionKind.TRANSACTION_KIND_WIN, "w1", unknown)
    assert trail.players == ["p", "q"]
    assert (trail.stored["p"], trail.refused["q"]) == ({"2-17": BET}, {("win", "w1")})
