"""The tail of a shard's log: what it gives, and when it has nothing to say."""

from __future__ import annotations

from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import Kind, Outcome
from wallet_svc.store.reading import Stored
from wallet_svc.tail import Tail


def stored(first: int, last: int) -> list[Stored]:
    entries = [
        Entry(Kind.BET if number % 2 else Kind.WIN, 1, f"k{number}", Outcome.OK) for number in range(first, last + 1)
    ]
    for number, entry in enumerate(entries, first):
        entry.sequence = number
    return [Stored(entry=entry, player="alice", rolled_back=False) for entry in entries]


def sequences(
    tail: Tail, after: int, limit: int = 100, kinds: list[Kind] | None = None
) -> tuple[list[int], int] | None:
    found = tail.page(after, limit, kinds)
    return None if found is None else ([one.entry.sequence for one in found[0]], found[1])


def test_every_position_gets_what_follows_it() -> None:
    tail = Tail(10, most=100)
    tail.grow(stored(11, 14), 14)
    tail.grow(stored(15, 16), 16)
    assert [sequences(tail, after) for after in range(10, 16)] == [
        (list(range(after + 1, 17)), 16) for after in range(10, 16)
    ]


def test_it_says_nothing_of_what_it_has_not() -> None:
    tail = Tail(10, most=100)
    assert sequences(tail, 10) is None
    tail.grow(stored(11, 12), 12)
    assert [sequences(tail, after) for after in (9, 12, 13)] == [None, None, None]
    tail.skip(20)
    assert [sequences(tail, after) for after in (10, 11, 19, 20)] == [None] * 4


def test_a_full_page_ends_at_its_last_entry() -> None:
    tail = Tail(0, most=100)
    tail.grow(stored(1, 9), 9)
    assert sequences(tail, 2, limit=3) == ([3, 4, 5], 5)
    assert sequences(tail, 6, limit=3) == ([7, 8, 9], 9)


def test_entries_of_other_kinds_are_passed_over() -> None:
    tail = Tail(0, most=100)
    tail.grow(stored(1, 9), 9)
    assert sequences(tail, 0, limit=2, kinds=[Kind.WIN]) == ([2, 4], 4)
    assert sequences(tail, 4, limit=9, kinds=[Kind.WIN]) == ([6, 8], 9)
    assert sequences(tail, 8, kinds=[Kind.WIN]) == ([], 9)


def test_what_is_forgotten_is_read_elsewhere_and_nothing_between_is_lost() -> None:
    tail = Tail(0, most=4)
    tail.grow(stored(1, 4), 4)
    tail.grow(stored(5, 6), 6)
    assert sequences(tail, 0) is None
    assert sequences(tail, tail.begin) == (list(range(tail.begin + 1, 7)), 6)
