"""What a player has used of limits, exact at every instant.

The wallet keeps one `UsageBook` per player in memory, fills it from its own ledger and adds
what it commits. It is the only mutable value that the kernel reads.
"""

from bisect import bisect_right
from typing import Final, Protocol

from compliance_svc.kernel.limits import LONGEST_WINDOW_US, Limit, LimitKind, usage_needed
from compliance_svc.kernel.local_time import SECOND_US

_WORTH_TRIMMING: Final = 64


class Spending(Protocol):
    """What the rules ask about the past."""

    def used(self, kind: LimitKind, currency: str, after_us: int, until_us: int) -> int | None:
        """Return the usage in (after, until], never below zero; None if it cannot be told in this currency."""
        ...


class Usage:
    """Signed amounts at instants; the sum of any span costs two binary searches.

    Adding at the end is O(1). Adding in the past (a win, a cancelled stake) is linear in the
    events after it. Times and running totals are parallel lists; `_base` is the
    total of what was forgotten.
    """

    __slots__ = ("_base", "_times", "_totals")

    def __init__(self) -> None:
        """Start with nothing used."""
        self._times: list[int] = []
        self._totals: list[int] = []
        self._base = 0

    def __len__(self) -> int:
        """Return the number of distinct instants held."""
        return len(self._times)

    def add(self, at_us: int, amount_minor: int) -> None:
        """Count an amount at an instant; a negative one takes back."""
        index = len(self._times)
        if index and at_us <= self._times[-1]:
            index = bisect_right(self._times, at_us)
        if index and self._times[index - 1] == at_us:
            index -= 1
        else:
            self._times.insert(index, at_us)
            self._totals.insert(index, self._total_before(index))
        for later in range(index, len(self._totals)):
            self._totals[later] += amount_minor

    def between(self, after_us: int, until_us: int) -> int:
        """Return the sum of (after, until]; it can be negative."""
        return self._total_at(until_us) - self._total_at(after_us)

    def forget(self, until_us: int) -> bool:
        """Drop what happened at or before an instant; spans that begin later keep their sums. True if anything was dropped.

        Amortised O(1): the lists are cut only when half of them is due.
        """
        due = bisect_right(self._times, until_us)
        if due < _WORTH_TRIMMING or due * 2 < len(self._times):
            return False
        self._base = self._totals[due - 1]
        del self._times[:due]
        del self._totals[:due]
        return True

    def collapse(self, after_us: int, until_us: int) -> None:
        """Merge the events of (after, until] into one at the first instant of that span.

        For sums since a fixed moment, which would otherwise grow for ever.
        """
        first, last = bisect_right(self._times, after_us), bisect_right(self._times, until_us)
        if last - first >= _WORTH_TRIMMING:
            self._times[first:last] = [after_us + 1]
            self._totals[first:last] = [self._totals[last - 1]]

    def _total_at(self, at_us: int) -> int:
        if self._times and at_us >= self._times[-1]:
            return self._totals[-1]
        return self._total_before(bisect_right(self._times, at_us))

    def _total_before(self, index: int) -> int:
        return self._totals[index - 1] if index else self._base


_NOTHING: Final[dict[str, Usage]] = {}


class UsageBook:
    """Usage of one player by kind of limit and currency.

    A deposit is added under DEPOSIT and NETDEP at its instant, a requested withdrawal under NETDEP as a
    negative amount. A stake of cash or bonus is added under LOSS and WAGER at its instant, a win under
    LOSS as a negative amount at the first bet of its round, a cancelled stake under both as a negative
    amount at its bet. Free spins are not added. Time of play is told by `open_session` and `close_session`.
    """

    __slots__ = ("_sessions", "_usage", "since_us")

    def __init__(self, since_us: int = 0) -> None:
        """Start with no history. What counted at or before `since_us` may be missing: sums that begin earlier are not to be asked for."""
        self.since_us = since_us
        self._usage: dict[LimitKind, dict[str, Usage]] = {}
        self._sessions: dict[str, tuple[int, int | None]] = {}

    def open_session(self, session: str, at_us: int, until_us: int | None = None) -> None:
        """Count time from here on, at most until an instant. What was counted of it before stays counted."""
        before = self._sessions.get(session)
        if before is not None:
            self._sessions[f"{session}\n{before[0]}"] = before
        self._sessions[session] = (at_us, until_us)

    def extend_session(self, session: str, at_us: int, until_us: int | None) -> None:
        """Go on to count time of a session, at most until another instant. The time after its end is not counted."""
        opened_us, closed_us = self._sessions.get(session, (at_us, at_us))
        if closed_us is not None and closed_us < at_us:
            self.open_session(session, at_us, until_us)
        else:
            self._sessions[session] = (opened_us, until_us)

    def close_session(self, session: str, at_us: int) -> None:
        """Count no more time of this session. Closing a closed one changes nothing."""
        opened_us, closed_us = self._sessions.get(session, (at_us, at_us))
        self._sessions[session] = (opened_us, at_us if closed_us is None else min(closed_us, at_us))

    def close_sessions(self, at_us: int) -> None:
        """Count no more time of any session."""
        for session in self._sessions:
            self.close_session(session, at_us)

    def add(self, kind: LimitKind, currency: str, at_us: int, amount_minor: int) -> None:
        """Count an amount at an instant; a negative one takes back."""
        by_currency = self._usage.setdefault(kind, {})
        usage = by_currency.get(currency)
        if usage is None:
            usage = by_currency[currency] = Usage()
        usage.add(at_us, amount_minor)

    def used(self, kind: LimitKind, currency: str, after_us: int, until_us: int) -> int | None:
        """Return the usage in (after, until], never below zero; None if part of it is in another currency."""
        if kind is LimitKind.TIME:
            return self._played_s(after_us, until_us)
        total = 0
        for other_currency, usage in self._usage.get(kind, _NOTHING).items():
            amount = usage.between(after_us, until_us)
            if other_currency == currency:
                total = amount
            elif amount > 0:
                return None
        return max(0, total)

    def _played_s(self, after_us: int, until_us: int) -> int:
        """Return whole seconds with at least one open session; parallel ones count once."""
        spans = sorted((opened, until_us if closed is None else closed) for opened, closed in self._sessions.values())
        total, reached = 0, after_us
        for opened, closed in spans:
            start, end = max(opened, reached), min(closed, until_us)
            if end > start:
                total, reached = total + end - start, end
        return total // SECOND_US

    def trim(self, limits: tuple[Limit, ...], now_us: int) -> None:
        """Drop what none of these limits can need any more. Cheap to call often."""
        needed_by_kind = usage_needed(limits, now_us)
        played_us = needed_by_kind.get(LimitKind.TIME, now_us)
        for session, (_, closed_us) in list(self._sessions.items()):
            if closed_us is not None and closed_us <= played_us:
                del self._sessions[session]
        for kind, needed_us in needed_by_kind.items():
            for usage in self._usage.get(kind, _NOTHING).values():
                if usage.forget(needed_us):
                    self.since_us = max(self.since_us, needed_us)
                usage.collapse(needed_us, now_us - LONGEST_WINDOW_US)
