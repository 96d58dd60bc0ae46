"""A player's own limits: kinds, windows, and the ripening of an increase."""

from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from typing import Final

from compliance_svc.kernel.local_time import DAY_US, month_back_us, period_end_us, period_start_us


class LimitKind(StrEnum):
    """What a limit counts."""

    DEPOSIT = "deposit"
    """Deposits, gross: withdrawals do not refill it."""
    NETDEP = "netdep"
    """Deposits less withdrawals requested."""
    WAGER = "wager"
    """Stakes of cash and bonus."""
    LOSS = "loss"
    """Stakes less wins; what is open counts as lost."""
    STAKE = "stake"
    """One stake. Counts nothing of the past."""
    TIME = "time"
    """Seconds of open play sessions; its amount is in seconds and has no currency."""


class Window(StrEnum):
    """The span of time that a limit looks back on."""

    HOURS_24 = "24h"
    DAYS_7 = "7d"
    DAYS_30 = "30d"
    MONTH_1 = "1mo"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    SINCE_SET = "since_set"
    NONE = ""


ROLLING: Final = (Window.HOURS_24, Window.DAYS_7, Window.DAYS_30, Window.MONTH_1)
CALENDAR: Final = (Window.DAY, Window.WEEK, Window.MONTH)
_LOOKING_BACK: Final = frozenset((*ROLLING, *CALENDAR))
WINDOWS: Final = {
    LimitKind.DEPOSIT: _LOOKING_BACK,
    LimitKind.NETDEP: _LOOKING_BACK,
    LimitKind.WAGER: _LOOKING_BACK,
    LimitKind.LOSS: _LOOKING_BACK | {Window.SINCE_SET},
    LimitKind.STAKE: frozenset({Window.NONE}),
    LimitKind.TIME: _LOOKING_BACK,
}
"""The windows that make sense for a kind."""

_SPANS: Final = {Window.HOURS_24: DAY_US, Window.DAYS_7: 7 * DAY_US, Window.DAYS_30: 30 * DAY_US}
_CALENDAR: Final = {window: window.value for window in CALENDAR}

# A wall-clock month is at most 31 days and one clock change long, and its start can move
# back when time goes on (at the end of March the windows of three days begin on 28 February).
LONGEST_WINDOW_US: Final = 32 * DAY_US
"""No rolling window reaches further back than this, now or later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingIncrease:
    """An increase that waits for its time and, in some packs, for the player's confirmation."""

    amount_minor: int
    effective_us: int
    needs_confirmation: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit of a player. At most one exists per kind and window."""

    kind: LimitKind
    window: Window
    currency: str
    amount_minor: int
    since_us: int
    """When the player first had a limit of this kind and window; changes keep it."""
    pending: PendingIncrease | None = None

    def in_force(self, now_us: int) -> int:
        """Return the amount that holds now."""
        pending = self.pending
        if pending is None or pending.needs_confirmation or now_us < pending.effective_us:
            return self.amount_minor
        return pending.amount_minor

    def awaits_confirmation(self, now_us: int) -> int | None:
        """Return the amount of a ripe increase that the player has not confirmed."""
        pending = self.pending
        if pending is None or not pending.needs_confirmation or now_us < pending.effective_us:
            return None
        return pending.amount_minor

    def window_start_us(self, now_us: int, zone: tzinfo) -> int:
        """Return the instant after which usage counts."""
        span = _SPANS.get(self.window)
        if span is not None:
            return now_us - span
        unit = _CALENDAR.get(self.window)
        if unit is not None:
            return period_start_us(now_us, unit, zone) - 1
        if self.window is Window.MONTH_1:
            return month_back_us(now_us, zone)
        # What happens at the very instant of setting counts: the clock may stand still.
        return self.since_us - 1

    def period_end_us(self, now_us: int, zone: tzinfo) -> int:
        """Return the end of the calendar period that runs; now for a rolling window, which has none."""
        unit = _CALENDAR.get(self.window)
        return now_us if unit is None else period_end_us(now_us, unit, zone)

    def history_needed_us(self, now_us: int) -> int:
        """Return the instant at and before which nothing can matter to this limit from now on."""
        if self.window is Window.SINCE_SET:
            return self.since_us - 1
        return now_us - _SPANS.get(self.window, LONGEST_WINDOW_US)


def usage_needed(limits: tuple[Limit, ...], now_us: int) -> dict[LimitKind, int]:
    """Return by kind the instant after which the wallet must know the player's usage."""
    needed: dict[LimitKind, int] = {}
    for limit in limits:
        if limit.kind is not LimitKind.STAKE:
            start = limit.history_needed_us(now_us)
            needed[limit.kind] = min(start, needed.get(limit.kind, start))
    return needed
