"""Instants, wall times and terms in a zone. Instants are integer microseconds since 1970 UTC."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final, Self

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 3_600 * SECOND_US
DAY_US: Final = 24 * HOUR_US

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TERM: Final = re.compile(r"([1-9]\d{0,3})(h|d|mo|y)")


def to_us(moment: datetime) -> int:
    """Return the instant of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def wall_time(at_us: int, zone: tzinfo) -> datetime:
    """Return what the clocks of the zone show at an instant, without the zone."""
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone).replace(tzinfo=None)


def instant(wall: datetime, zone: tzinfo, *, later: bool) -> int:
    """Return the instant of a wall time.

    A wall time that is skipped is the end of the gap. One that comes twice is the
    later or the earlier of the two.
    """
    before = to_us(wall.replace(tzinfo=zone, fold=0))
    after = to_us(wall.replace(tzinfo=zone, fold=1))
    if after < before:
        return _change_between(after, before, zone)
    return after if later else before


def _change_between(low_us: int, high_us: int, zone: tzinfo) -> int:
    """Return the instant in (low, high] at which the clocks of the zone change."""
    old = _offset(low_us, zone)
    while high_us - low_us > 1:
        middle = (low_us + high_us) // 2
        if _offset(middle, zone) == old:
            low_us = middle
        else:
            high_us = middle
    return high_us


def _offset(at_us: int, zone: tzinfo) -> timedelta | None:
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone).utcoffset()


@lru_cache(maxsize=65_536)
def comes_of_age_us(born: int, years: int, zone: tzinfo) -> int:
    """Return the instant at which a person born on YYYYMMDD reaches an age.

    That is 00:00 of the birthday in the zone; a birthday of 29 February is 1 March in
    common years.
    """
    birthday = _on_or_after(born // 10_000 + years, born // 100 % 100, born % 100)
    return instant(datetime.combine(birthday, time()), zone, later=True)


def month_back_us(at_us: int, zone: tzinfo) -> int:
    """Return the instant of the same wall time one month earlier, or of that month's last day."""
    seconds_us = at_us % MINUTE_US
    minute_us, is_skipped = _month_back(at_us - seconds_us, zone)
    return minute_us if is_skipped else minute_us + seconds_us


@lru_cache(maxsize=1_024)
def _month_back(minute_us: int, zone: tzinfo) -> tuple[int, bool]:
    """Return where a minute of a month ago began, and whether the clocks skipped it.

    All players share the present minute, and zones change their clocks at whole minutes.
    """
    wall = wall_time(minute_us, zone)
    year, month = (wall.year, wall.month - 1) if wall.month > 1 else (wall.year - 1, 12)
    wanted = wall.replace(year=year, month=month, day=min(wall.day, monthrange(year, month)[1]))
    # Of two possible starts the earlier one makes the longer, stricter window.
    start_us = instant(wanted, zone, later=False)
    return start_us, wall_time(start_us, zone) != wanted


def period_start_us(at_us: int, unit: str, zone: tzinfo) -> int:
    """Return where the local day, week (from Monday) or month of an instant began."""
    return _period(at_us - at_us % MINUTE_US, unit, zone)[0]


def period_end_us(at_us: int, unit: str, zone: tzinfo) -> int:
    """Return where the local day, week or month of an instant ends: the start of the next one."""
    return _period(at_us - at_us % MINUTE_US, unit, zone)[1]


@lru_cache(maxsize=1_024)
def _period(minute_us: int, unit: str, zone: tzinfo) -> tuple[int, int]:
    """Return start and end of a period. All players share the present minute."""
    day = wall_time(minute_us, zone).date()
    if unit == "week":
        day -= timedelta(days=day.weekday())
        following = day + timedelta(days=7)
    elif unit == "month":
        day = day.replace(day=1)
        following = (day + timedelta(days=31)).replace(day=1)
    else:
        following = day + timedelta(days=1)
    # A midnight that comes twice begins the day at its first time, and ends the day before there.
    return _midnight(day, zone), _midnight(following, zone)


def _midnight(day: date, zone: tzinfo) -> int:
    return instant(datetime.combine(day, time()), zone, later=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A span such as `24h`, `7d`, `6mo` or `1y`."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a term; ValueError if it is none."""
        match = _TERM.fullmatch(text)
        if match is None:
            message = f"not a term: {text!r}"
            raise ValueError(message)
        return cls(count=int(match[1]), unit=match[2])

    def end_us(self, start_us: int, zone: tzinfo) -> int:
        """Return the end: hours are elapsed, other units keep the wall time of the zone."""
        if self.unit == "h":
            return start_us + self.count * HOUR_US
        wall = wall_time(start_us, zone)
        return instant(datetime.combine(self._target(wall.date()), wall.time()), zone, later=True)

    def _target(self, day: date) -> date:
        if self.unit == "d":
            return day + timedelta(days=self.count)
        months = day.year * 12 + day.month - 1 + self.count * (12 if self.unit == "y" else 1)
        return _on_or_after(months // 12, months % 12 + 1, day.day)


def _on_or_after(year: int, month: int, day: int) -> date:
    """Return the day, or the next one that exists."""
    if day <= monthrange(year, month)[1]:
        return date(year, month, day)
    return date(year, month, 1) + timedelta(days=monthrange(year, month)[1])
