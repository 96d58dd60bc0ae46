"""How an account stood: spans against a count of every moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_svc.domain.past import Past, Span, past_of

Movements = list[tuple[int, int]]
"""(moment, change), in the order in which they took effect."""


def spans_of(marks: list[int], movements: Movements) -> list[Span]:
    """What the database answers: sums that run from the first mark on, by the mark they come after."""
    total, found = 0, dict[int, list[int]]()
    for moment, change in movements:
        if moment > marks[0]:
            total += change
            found.setdefault(sum(mark < moment for mark in marks), []).append(total)
    return [Span(number, min(totals), max(totals), totals[-1]) for number, totals in found.items()]


def balances_since(mark: int, movements: Movements) -> list[int]:
    """Every balance from a moment on, by counting."""
    standing = [sum(change for moment, change in movements if moment <= mark)]
    for moment, change in movements:
        if moment > mark:
            standing.append(standing[-1] + change)
    return standing


MARKS = st.lists(st.integers(0, 30), min_size=1, max_size=4, unique=True).map(sorted)
MOVEMENTS = st.lists(st.tuples(st.integers(0, 30), st.integers(-50, 50)), max_size=20).map(
    lambda found: sorted(found, key=lambda one: one[0])
)


@given(MARKS, MOVEMENTS)
def test_spans_know_the_lowest_and_highest_balance_since_every_mark(marks: list[int], movements: Movements) -> None:
    now = sum(change for _, change in movements)
    past = past_of(marks, spans_of(marks, movements), now, 0)
    for mark in marks:
        standing = balances_since(mark, movements)
        assert past.extremes(mark) == (min(standing), max(standing))


@given(MARKS, MOVEMENTS, st.data())
def test_what_happens_later_is_noted_as_if_it_had_been_read(
    marks: list[int], movements: Movements, data: st.DataObject
) -> None:
    past = past_of(marks, spans_of(marks, movements), sum(change for _, change in movements), 0)
    for _ in range(data.draw(st.integers(1, 5))):
        change, at = data.draw(st.integers(-50, 50)), data.draw(st.sampled_from([None, *marks]))
        movements = sorted([*movements, (99 if at is None else at, change)], key=lambda one: one[0])
        past.note(change, sum(moved for _, moved in movements), at)
    for mark in marks:
        standing = balances_since(mark, movements)
        assert past.extremes(mark) == (min(standing), max(standing))


def test_a_moment_that_was_not_asked_for_is_not_known() -> None:
    past = Past([10], [0], [0], [0])
    with pytest.raises(KeyError):
        past.extremes(11)


def test_a_copy_changes_alone() -> None:
    past = Past([10], [5], [5], [5], 3)
    twin = past.copy()
    twin.note(7, 12, None)
    assert (past.extremes(10), twin.extremes(10), twin.opened_us) == ((5, 5), (5, 12), 3)
