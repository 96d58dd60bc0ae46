"""What a studio believes is held against the ledger, message by message and in sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from provider_adapters._kit.studio.ports import Act, ActKind, Habits, Seat
from provider_adapters._kit.studio.record import Belief, Record
from tests.provider_fuzz.belief import contradictions
from tests.provider_fuzz.books import Books

SEAT = Seat(launch_id="s", user="borealis.ada", token="t", currency_code="EUR", game_id="g")
BET = Act(kind=ActKind.BET, seat=SEAT, transaction_key="b", round_id="r", game_id="g", amount=Decimal("4.00"))
HABITS = Habits(timeout_s=1, closes_by_flag=True, wins_name_the_bet=True)
TAKEN, NOTHING = Books((), Decimal(600), frozenset({("bet", "b")})), Books((), Decimal(1000), frozenset())


@pytest.fixture
def record() -> Iterator[Record]:
    made = Record(Path(":memory:"))
    made.add_seat(SEAT)
    made.intend(BET)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("belief", "books", "agrees"),
    [
        (Belief.ACCEPTED, TAKEN, True),
        (Belief.ACCEPTED, NOTHING, False),
        (Belief.REFUSED, NOTHING, True),
        (Belief.REFUSED, TAKEN, False),
        (Belief.CANCELLED, NOTHING, True),
        (Belief.CANCELLED, TAKEN, False),
        (Belief.DOUBTFUL, NOTHING, True),
        (Belief.DOUBTFUL, TAKEN, False),
        (Belief.DISPUTED, TAKEN, True),
    ],
)
def test_each_belief_has_its_books(record: Record, belief: Belief, books: Books, agrees: bool) -> None:
    record.believe(BET, belief, "code")
    assert (list(contradictions(record, HABITS, books, 1000)) == []) is agrees


def test_who_repeats_final_refusals_may_stay_in_doubt(record: Record) -> None:
    record.believe(BET, Belief.DOUBTFUL, "code")
    habits = replace(HABITS, refusals_look_alike=True)
    assert list(contradictions(record, habits, TAKEN, 1000)) == []


def test_the_sums_must_leave_the_balance(record: Record) -> None:
    record.believe(BET, Belief.ACCEPTED, "code")
    books = replace(TAKEN, cents=Decimal(599))
    assert list(contradictions(record, HABITS, books, 1000)) == [
        "the studio's sums leave 600 cents, the ledger has 599"
    ]
