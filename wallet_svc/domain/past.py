"""How one account stood between some past moments and now, on the effective clock."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Past:
    """The lowest and the highest balance of each span: from one mark to the next, and from the last one to now."""

    marks: list[int]
    """Moments in microseconds, ascending, without repeats."""
    lowest: list[int]
    highest: list[int]
    standing: list[int]
    """The balance at each mark, which ends the span before it."""
    opened_us: int = 0
    """Nothing took effect before this."""

    def extremes(self, since_us: int) -> tuple[int, int]:
        """The lowest and the highest balance from a mark to now. KeyError for another moment."""
        first = self._span(since_us)
        return min(self.lowest[first:]), max(self.highest[first:])

    def note(self, change: int, balance: int, effective_us: int | None) -> None:
        """A movement after which the account holds `balance` now; at a mark, or now."""
        if effective_us is None:
            self._widen(-1, balance)
            return
        first = self._span(effective_us)
        for span in range(first, len(self.marks)):
            self.lowest[span] += change
            self.highest[span] += change
            self.standing[span] += change
        if first:
            self._widen(first - 1, self.standing[first])

    def copy(self) -> "Past":
        return Past(self.marks, list(self.lowest), list(self.highest), list(self.standing), self.opened_us)

    def _widen(self, span: int, balance: int) -> None:
        self.lowest[span] = min(self.lowest[span], balance)
        self.highest[span] = max(self.highest[span], balance)

    def _span(self, moment_us: int) -> int:
        span = bisect_left(self.marks, moment_us)
        if span == len(self.marks) or self.marks[span] != moment_us:
            raise KeyError(moment_us)
        return span


@dataclass(frozen=True, slots=True)
class Span:
    """Movements after a mark and up to the next one, as sums that run from the first mark on."""

    number: int
    """Which mark, counted from 1."""
    lowest: int
    highest: int
    last: int


def past_of(marks: Sequence[int], spans: Iterable[Span], balance: int, opened_us: int) -> Past:
    """The past of an account that holds `balance` now. Spans without a movement are left out."""
    known = {span.number: span for span in spans}
    total = max(known.values(), key=lambda span: span.number).last if known else 0
    standing = balance - total
    base, past = standing, Past(list(marks), [], [], [], opened_us)
    for number in range(1, len(marks) + 1):
        span = known.get(number)
        lowest, highest = (standing, standing) if span is None else (base + span.lowest, base + span.highest)
        past.standing.append(standing)
        past.lowest.append(min(standing, lowest))
        past.highest.append(max(standing, highest))
        standing = standing if span is None else base + span.last
    return past
