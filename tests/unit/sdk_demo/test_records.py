"""What the licensees have written down, beside the ledger."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from pitboss_demo.acts.own_wallet import judge as judge_wallet
from pitboss_demo.acts.own_wallet import sums
from pitboss_demo.cash_book import CashBook, judge
from pitboss_sdk import (
    ComparedLine,
    ComparisonSummary,
    Difference,
    DifferenceKind,
    HoldState,
    Money,
    Outcome,
    Receipt,
    TransactionKind,
)

FIVE, SEVEN = Money(Decimal(5), "EUR"), Money(Decimal(7), "EUR")
RECEIPT = Receipt(transaction_key="k", transaction_id="3-1", outcome=Outcome.OK, replayed=False, balance_at_commit=None,
                  balances=None, hold_state=HoldState.UNSPECIFIED, limit="", decision=None, reasons=(),
                  request_id="")  # fmt: skip
AGREES = ComparisonSummary(
    lines=2, transactions=2, agreeing=2, missing_here=0, missing_there=0, amount_differs=0, state_differs=0
)


def book() -> CashBook:
    made = CashBook()
    made.pay(TransactionKind.CAPTURE, "ada", SEVEN, replace(RECEIPT, transaction_key="a"))
    made.pay(TransactionKind.DEPOSIT, "ada", FIVE, replace(RECEIPT, transaction_key="z"))
    return made


def test_payments_are_in_the_order_in_which_files_are_compared() -> None:
    assert [(line.kind, line.transaction_key, line.amount) for line in book().lines()] == [
        (TransactionKind.DEPOSIT, "z", FIVE),
        (TransactionKind.CAPTURE, "a", SEVEN),
    ]


def test_a_repeated_receipt_is_one_payment_and_a_refused_one_is_none() -> None:
    made = book()
    made.pay(TransactionKind.DEPOSIT, "ada", FIVE, replace(RECEIPT, transaction_key="z", replayed=True))
    made.pay(TransactionKind.DEPOSIT, "ada", FIVE, replace(RECEIPT, outcome=Outcome.LIMIT_EXCEEDED))
    assert len(made.lines()) == 2


def test_a_withdrawal_takes_what_was_reserved() -> None:
    made = CashBook()
    made.reserve("ada", FIVE, RECEIPT)
    assert made.reserved("ada", "k") == FIVE


def test_a_record_agrees_only_when_both_sides_have_every_line() -> None:
    lines = book().lines()
    assert judge("aurora", lines, [AGREES]).ok
    assert not judge("aurora", lines, []).ok, "the comparison did not come to its end"
    assert not judge("aurora", lines, [replace(AGREES, lines=1, agreeing=1)]).ok
    assert judge("aurora", lines, [replace(AGREES, transactions=3)]).ok, "what was refused is no payment"
    assert not judge("aurora", [], [replace(AGREES, lines=0, transactions=0, agreeing=0)]).ok, "nothing was compared"


def test_a_difference_is_told_by_its_key() -> None:
    line = ComparedLine(kind=TransactionKind.DEPOSIT, transaction_key="z")
    found = Difference(kind=DifferenceKind.MISSING_THERE, there=None, here=line, transaction_id="3-1")
    told = judge("aurora", book().lines(), [found, replace(AGREES, missing_there=1)])
    assert (told.ok, told.what) == (False, "aurora: 1 differences, first MISSING_THERE z")


def test_a_wallets_record_is_added_up_by_player_and_who_moved_nothing_is_nobody() -> None:
    answers = [("ada", -100), ("ada", 250), ("tom", -100), ("tom", 100)]
    assert sums({"player": player, "moved_minor": cents} for player, cents in answers) == {"ada": 150}


def test_wallet_and_ledger_agree_to_the_cent_or_the_player_is_named() -> None:
    assert judge_wallet({"ada": 150}, {"ada": 150}, 2).ok
    assert not judge_wallet({}, {}, 0).ok, "nobody played"
    wrong = judge_wallet({"ada": 150, "tom": 3}, {"ada": 151}, 2)
    assert (wrong.ok, wrong.detail) == (False, "ada: 150 there, 151 here; tom: 3 there, 0 here")
