"""Real time: what was acknowledged before something else was sent stands before it in the log."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.torture.checker.log import Row
from tests.torture.checker.told import Key, Operation, Told

_NEVER = 2**63


def spans(told: Told) -> dict[Key, tuple[int, int]]:
    """When each key was first sent and first answered."""
    found: dict[Key, tuple[int, int]] = {}
    for operation in told.operations.values():
        for number in range(len(operation.steps)):
            sent, answered = _span(operation, number)
            before = found.get(operation.key(number), (_NEVER, _NEVER))
            found[operation.key(number)] = (min(sent, before[0]), min(answered, before[1]))
    return found


def _span(operation: Operation, number: int) -> tuple[int, int]:
    sent = _NEVER if operation.first_sent is None else operation.first_sent
    # An answer that says "conflict" says nothing about when the key itself was stored.
    stored = operation.answers and operation.answers[0][number].outcome != "IDEMPOTENCY_CONFLICT"
    return sent, operation.first_answered if stored and operation.first_answered is not None else _NEVER


def span_of(row: Row, known: Mapping[Key, tuple[int, int]]) -> tuple[int, int] | None:
    """When the operation behind a row was sent and answered; None for what the ledger does by itself."""
    if row.key is None or row.kind == "expire":
        return None
    return known.get((row.player, row.source, row.kind.removeprefix("late_"), row.key))


def check_order(told: Told, rows: Sequence[Row]) -> Iterator[str]:
    """Over whole shards, which is more than the same player."""
    known = spans(told)
    earliest_answer: dict[int, tuple[int, Row]] = {}
    for row in reversed(rows):
        span = None if row.is_tombstone else span_of(row, known)
        if span is None:
            continue
        sent, answered = span
        later = earliest_answer.get(row.shard)
        if later is not None and later[0] < sent:
            yield f"order: {later[1].transaction} was acknowledged before {row.transaction} was sent, and stands after it"
        if later is None or answered < later[0]:
            earliest_answer[row.shard] = (answered, row)


@dataclass
class _Course:
    """Available money of one player over time."""

    available: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)


def check_reads(told: Told, rows: Sequence[Row]) -> Iterator[str]:
    """A read shows a balance that was true between what was acknowledged before it and what was sent after it."""
    courses = _courses(told, rows)
    for read in told.reads:
        course = courses[read.player]
        # Balances up to the last one that was acknowledged before the read are too old.
        first = bisect_left(course.answered, read.before)
        last = bisect_right(course.sent, read.after)
        possible = course.available[max(0, first - 1) : last]
        if read.units not in possible:
            yield f"read: {read.player} was shown {read.units} where the log allows {sorted(set(possible))}"


def _courses(told: Told, rows: Sequence[Row]) -> dict[str, _Course]:
    known = spans(told)
    courses: dict[str, _Course] = defaultdict(_Course)
    for row in rows:
        if row.available is None:
            continue
        course = courses[row.player]
        span = span_of(row, known)
        course.available.append(row.available)
        course.sent.append(0 if span is None else span[0])
        course.answered.append(_NEVER if span is None else span[1])
    for course in courses.values():
        # A row cannot be older than the rows before it, nor be known later than those after it.
        for number in range(1, len(course.sent)):
            course.sent[number] = max(course.sent[number], course.sent[number - 1])
        for number in range(len(course.answered) - 2, -1, -1):
            course.answered[number] = min(course.answered[number], course.answered[number + 1])
    return courses
