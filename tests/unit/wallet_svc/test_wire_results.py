"""Answers on the wire."""

import pytest

from pitboss.type.v1 import decision_pb2, outcome_pb2
from pitboss.wallet.v1 import action_pb2, transaction_pb2
from tests.unit.wallet_svc.world import CASHIER, PLATFORM, Table, bet, bet_and_win, cancel, money, table, win
from wallet_svc.domain import commands as c
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.vocabulary import Outcome, OutcomeClass, class_of
from wallet_svc.engine import Answer, _answer, batch_outcome, joined, message_outcome
from wallet_svc.grpc_api.results import entry_message, result_of, timestamp, transaction_of


def answers(made: Table, decided: list[Decided]) -> list[Answer]:
    return [_answer(one, made.player()) for one in decided]


def result(made: Table, decided: Decided) -> action_pb2.Result:
    return result_of(_answer(decided, made.player()))


def test_an_answer_tells_the_balance_then_and_now() -> None:
    made = table()
    first = made.do("b1", bet("10.00"))
    made.do("b2", bet("5.00"))
    told = result(made, made.do("b1", bet("10.00")))
    assert (told.replayed, told.balance_at_commit.amount, told.balance_now.available.amount) == (True, "90.00", "85.00")
    assert told.transaction_id == f"0-{first.entry.sequence}"
    assert told.round_state == action_pb2.ROUND_STATE_OPEN


def test_a_refusal_is_an_answer_with_a_class() -> None:
    made = table()
    told = result(made, made.do("b1", bet("500.00")))
    assert told.outcome == outcome_pb2.OUTCOME_INSUFFICIENT_FUNDS
    assert told.outcome_class == outcome_pb2.OUTCOME_CLASS_REJECT


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.OK, OutcomeClass.SUCCESS),
        (Outcome.TOMBSTONED, OutcomeClass.SUCCESS),
        (Outcome.NOT_APPLIED, OutcomeClass.REJECT),
        (Outcome.COMPLIANCE_DENIED, OutcomeClass.REJECT),
        (Outcome.PLAYER_NOT_FOUND, OutcomeClass.REJECT),
        (Outcome.ORIGINAL_PENDING, OutcomeClass.RETRY),
        (Outcome.UNAVAILABLE, OutcomeClass.RETRY),
        (Outcome.UNKNOWN, OutcomeClass.UNCERTAIN),
        (Outcome.IDEMPOTENCY_CONFLICT, OutcomeClass.FATAL),
        (Outcome.REQUEST_INVALID, OutcomeClass.FATAL),
    ],
)
def test_every_outcome_has_the_class_that_tells_what_to_do(outcome: Outcome, expected: OutcomeClass) -> None:
    assert class_of(outcome) is expected


def test_what_is_not_stored_has_no_transaction_id() -> None:
    made = table()
    made.do("b1", bet("10.00"))
    assert result(made, made.do("b1", bet("11.00"))).transaction_id == ""


def test_a_late_bet_is_told_as_a_rolled_back_bet() -> None:
    made = table()
    made.do("c1", cancel("b1"))
    told = result(made, made.do("b1", bet("1.00")))
    assert told.outcome == outcome_pb2.OUTCOME_ALREADY_ROLLED_BACK


def test_a_limit_is_named_and_explained() -> None:
    made = table()
    made.do("limit", c.SetLimit(limit="stake", window="", money=money("5.00")), source=PLATFORM)
    told = result(made, made.do("b1", bet("6.00")))
    assert (told.limit, told.decision.verdict) == ("stake", decision_pb2.VERDICT_DENY)
    assert list(told.decision.reasons) == ["LIM.STAKE"]
    assert told.decision.decision_id == told.transaction_id


def test_what_was_simply_allowed_is_not_explained() -> None:
    made = table()
    assert not result(made, made.do("b1", bet("6.00"))).HasField("decision")


def test_a_protective_action_is_always_explained() -> None:
    made = table()
    told = result(made, made.do("out", c.Exclude(term="indefinite"), source=PLATFORM))
    assert (told.decision.verdict, told.decision.HasField("eligible_time")) == (decision_pb2.VERDICT_ALLOW, True)
    again = result(made, made.do("out", c.Exclude(term="indefinite"), source=PLATFORM))
    assert again.decision == told.decision


def test_the_state_of_a_hold_is_told() -> None:
    made = table()
    told = result(made, made.do("h1", c.Hold(money=money("30.00")), source=CASHIER))
    assert told.hold_state == action_pb2.HOLD_STATE_ACTIVE
    assert (told.balance_now.available.amount, told.balance_now.held.amount) == ("70.00", "30.00")
    told = result(made, made.do("k1", c.Capture(hold_key="h1"), source=CASHIER))
    assert (told.hold_state, told.balance_now.held.amount) == (action_pb2.HOLD_STATE_CAPTURED, "")


def test_a_bet_and_win_is_one_answer_with_two_parts() -> None:
    made = table("5.00")
    refused = joined(answers(made, made.message([("b1", bet_and_win("10.00", "w1", "30.00"))])))
    told = result_of(refused)
    assert told.outcome == outcome_pb2.OUTCOME_INSUFFICIENT_FUNDS
    assert [part.outcome for part in told.parts] == [3, 18]
    paid = joined(answers(made, made.message([("b2", bet_and_win("5.00", "w2", "30.00"))])))
    assert (paid.entry.outcome, paid.available, len(paid.parts)) == (Outcome.OK, 30_00, 2)


def test_a_message_speaks_through_its_first_refusal_with_a_reason() -> None:
    made = table()
    refused = answers(made, made.message([("b1", bet("1.00")), ("b2", bet("500.00"))]))
    assert message_outcome(refused).entry.key == "b2"
    assert batch_outcome(refused) is Outcome.INSUFFICIENT_FUNDS
    buried = answers(made, made.message([("b3", bet("1.00")), ("c9", cancel("b9"))]))
    assert batch_outcome(buried) is Outcome.OK


def test_a_stored_transaction_has_the_state_of_its_life() -> None:
    made = table(win_without_bet=True)
    made.do("b1", bet("1.00", jackpot=money("0.10")))
    made.do("b2", bet("500.00"))
    made.do("c9", cancel("b9"))
    made.do("b9", bet("1.00"))
    made.do("w7", win("3.00", "r7"))
    told = {
        (entry.kind.name, entry.key): transaction_of(entry, "alice", made.registry, rolled_back=False)
        for entry in made.log
    }
    states = {name: transaction_pb2.TransactionState.Name(one.state)[18:] for name, one in told.items()}
    assert states["BET", "b1"] == "APPLIED"
    assert states["BET", "b2"] == "REFUSED"
    assert states["CANCEL", "c9"] == states["BET", "b9"] == states["LATE_BET", "b9"] == "TOMBSTONED"
    assert told["LATE_BET", "b9"].kind == transaction_pb2.TRANSACTION_KIND_BET
    assert told["BET", "b1"].jackpot_part.amount == "0.10"
    assert told["WIN", "w7"].opened_case == transaction_pb2.CASE_ORPHAN_WIN


def test_an_entry_on_the_wire_tells_what_moved() -> None:
    made = table()
    entry = made.do("b1", bet("10.00")).entry
    told = entry_message(entry, "alice", made.registry)
    assert (told.sequence, told.licensee_id, told.moved.amount) == (entry.sequence, "borealis", "10.00")
    assert (told.debit_account, told.credit_account) == (entry.debit_id, entry.credit_id)
    refused = entry_message(made.do("b2", bet("500.00")).entry, "alice", made.registry)
    assert not refused.HasField("moved")


def test_a_moment_is_exact_to_the_microsecond() -> None:
    assert timestamp(1_790_000_000_123_456).ToMicroseconds() == 1_790_000_000_123_456
