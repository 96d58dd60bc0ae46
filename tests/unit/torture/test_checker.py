"""What the checker says of histories and logs that are made up: right ones, and wrong ones of each kind."""

from __future__ import annotations

from typing import Any

from tests.torture.checker.log import Ledger, Row
from tests.torture.checker.order import check_order, check_reads
from tests.torture.checker.promises import check_promises
from tests.torture.checker.replaying import Replay
from tests.torture.checker.told import Told
from tests.torture.model import Flags

FLAGS = {"acme": Flags(), "cashier": Flags()}


def row(sequence: int, **more: Any) -> Row:
    """An accepted deposit of 1.00 of alice, the `sequence`-th."""
    given: dict[str, Any] = {
        "shard": 0, "sequence": sequence, "operation": sequence, "player": "alice", "source": "cashier",
        "kind": "deposit", "key": f"d{sequence}", "outcome": "OK", "amount": 100, "moved": 100,
        "debit": ("outside", "cashier"), "credit": ("cash", ""), "available": 100 * sequence, "round": None,
        "reference": None, "undoes": None, "recorded_us": sequence, "unasked": False, **more,
    }  # fmt: skip
    return Row(**given)


class Story:
    """A history, written line by line."""

    def __init__(self) -> None:
        self.told = Told()

    def deposit(self, number: int, sent: int, answered: int | None, *answer: Any) -> Story:
        step = {"do": "deposit", "by": "cashier", "key": f"d{number}", "amount": "1.00"}
        self.told.add(["op", number, "alice", [step], False])
        self.told.add(["send", sent, [number], 0])
        if answered is not None:
            told = list(answer) or ["OK", f"0-{number}", False, 100 * number]
            self.told.add(["ok", answered, [[number, [told]]]])
        return self

    def read(self, before: int, after: int, units: int) -> Story:
        self.told.add(["read", before, after, "alice", units])
        return self


def kinds(violations: Any) -> set[str]:
    return {text.partition(":")[0] for text in violations}


def promises(story: Story, *rows: Row) -> set[str]:
    return kinds(check_promises(story.told, rows))


def test_what_was_told_and_stands_in_the_log_is_right() -> None:
    story = Story().deposit(1, 10, 20).deposit(2, 30, 40).deposit(3, 50, None)
    for rows in ([row(1), row(2)], [row(1), row(2), row(3)]):
        assert promises(story, *rows) == set()
        assert kinds(check_order(story.told, rows)) == set()


def test_what_was_acknowledged_and_is_not_there_is_lost() -> None:
    story = Story().deposit(1, 10, 20).deposit(2, 30, 40)
    assert promises(story, row(1)) == {"lost"}
    assert promises(story, row(1), row(2, key="d9")) == {"lost", "stranger"}


def test_another_outcome_or_balance_than_was_told_is_wrong_content() -> None:
    story = Story().deposit(1, 10, 20)
    assert promises(story, row(1, available=99)) == {"content"}
    refused = row(1, outcome="AMOUNT_INVALID", moved=None, debit=None, credit=None)
    assert promises(story, refused) == {"content"}


def test_a_refusal_that_moved_money_is_found() -> None:
    story = Story().deposit(1, 10, 20, "AMOUNT_INVALID", "0-1", False, 100)
    assert promises(story, row(1, outcome="AMOUNT_INVALID")) == {"refused"}


def test_a_key_that_stands_twice_is_a_double_effect() -> None:
    story = Story().deposit(1, 10, 20)
    assert promises(story, row(1), row(2, key="d1")) == {"double"}
    assert promises(story, row(1, undoes=7), row(2, key=None, undoes=7)) == {"double"}


def test_an_operation_is_answered_the_same_every_time_and_new_once() -> None:
    story = Story().deposit(1, 10, 20)
    story.told.add(["ok", 30, [[1, [["OK", "0-1", True, 100]]]]])
    assert promises(story, row(1)) == set()
    story.told.add(["ok", 40, [[1, [["OK", "0-2", True, 100]]]]])
    assert promises(story, row(1)) == {"answer"}
    story = Story().deposit(1, 10, 20)
    story.told.add(["ok", 30, [[1, [["OK", "0-1", False, 100]]]]])
    assert promises(story, row(1)) == {"answer"}


def test_a_look_at_a_key_says_what_the_log_says() -> None:
    story = Story().deposit(1, 10, None)
    story.told.add(["resolved", 90, 1, [["UNKNOWN", "", ""]]])
    assert promises(story) == set()
    assert promises(story, row(1)) == {"resolved"}
    story.told.add(["resolved", 90, 1, [["APPLIED", "OK", "0-1"]]])
    assert promises(story, row(1)) == set()
    assert promises(story) == {"resolved"}


def test_a_failure_that_no_fault_explains_is_reported() -> None:
    story = Story().deposit(1, 10, None)
    story.told.add(["unknown", 20, [1], "UNAVAILABLE"])
    assert promises(story) == set()
    story.told.add(["unknown", 20, [1], "INTERNAL"])
    assert promises(story) == {"status"}


def test_what_was_answered_before_another_was_sent_stands_before_it() -> None:
    rows = [row(1), row(2)]
    assert kinds(check_order(Story().deposit(2, 10, 20).deposit(1, 30, 40).told, rows)) == {"order"}
    assert kinds(check_order(Story().deposit(2, 10, 35).deposit(1, 30, 40).told, rows)) == set()
    assert kinds(check_order(Story().deposit(2, 10, None).deposit(1, 30, 40).told, rows)) == set()


def test_a_read_shows_nothing_older_than_the_last_answer_before_it_and_nothing_from_the_future() -> None:
    rows = [row(1), row(2), row(3)]
    story = Story().deposit(1, 10, 20).deposit(2, 30, 60).deposit(3, 80, 90)
    for units, allowed in ((0, False), (100, True), (200, True), (300, False)):
        story.told.reads.clear()
        assert (kinds(check_reads(story.read(40, 50, units).told, rows)) == set()) is allowed, units
    story.told.reads.clear()
    assert kinds(check_reads(story.read(70, 75, 100).told, rows)) == {"read"}


def test_a_posting_or_a_balance_that_is_not_the_models_is_found() -> None:
    story = Story().deposit(1, 10, 20).deposit(2, 30, 40)
    ledger = Ledger(rows=[row(1), row(2)])
    ledger.balances["alice"] = {("cash", ""): 200}
    ledger.house["outside", "cashier"] = -200
    assert kinds(Replay(story.told, FLAGS).check(ledger)) == set()
    ledger.balances["alice"] = {("cash", ""): 201}
    assert kinds(Replay(story.told, FLAGS).check(ledger)) == {"state"}
    assert kinds(Replay(story.told, FLAGS).check(Ledger(rows=[row(1), row(2, moved=99)]))) >= {"model"}
    assert kinds(Replay(story.told, FLAGS).check(Ledger(rows=[row(1), row(2, available=99)]))) >= {"model"}
