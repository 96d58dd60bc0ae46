"""Four markets as the model knows them, and its own reckoning of windows and terms. Shares no code with the kernel.

The values are those of tests/corpus/golden/packs.md; instants are microseconds since 1970.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What the law of a market says about limits and exclusions."""

    pack: str
    zone: ZoneInfo
    currency: str
    windows: tuple[str, ...]
    raise_after_us: int
    confirms: bool = False
    waits_for_period: bool = False
    required: frozenset[tuple[str, str]] = frozenset()
    """Limits without which there is no bet."""
    terms: tuple[str, ...]
    return_after_us: int
    breaks: tuple[str, ...]


MARKETS = (
    Market(
        pack="gb",
        zone=ZoneInfo("Europe/London"),
        currency="GBP",
        windows=("24h", "7d", "1mo"),
        raise_after_us=DAY,
        confirms=True,
        terms=("6mo", "1y"),
        return_after_us=DAY,
        breaks=("24h", "7d", "1mo"),
    ),
    Market(
        pack="se",
        zone=ZoneInfo("Europe/Stockholm"),
        currency="SEK",
        windows=("day", "week", "month"),
        raise_after_us=3 * DAY,
        waits_for_period=True,
        required=frozenset({("deposit", "day"), ("deposit", "week"), ("deposit", "month")}),
        terms=("1mo", "3mo"),
        return_after_us=0,
        breaks=("24h",),
    ),
    Market(
        pack="ca-on",
        zone=ZoneInfo("America/Toronto"),
        currency="CAD",
        windows=("24h", "7d", "1mo"),
        raise_after_us=DAY,
        terms=("6mo", "1y"),
        return_after_us=0,
        breaks=("1d", "7d", "1mo"),
    ),
    Market(
        pack="dk",
        zone=ZoneInfo("Europe/Copenhagen"),
        currency="DKK",
        windows=("day", "week", "month"),
        raise_after_us=DAY,
        terms=("30d", "60d"),
        return_after_us=0,
        breaks=("24h",),
    ),
)


def window_start(window: str, now_us: int, zone: ZoneInfo) -> int:
    """What happened after this instant counts. A rolling window is open at its start, a calendar one closed."""
    if window in ("24h", "7d"):
        return now_us - (DAY if window == "24h" else 7 * DAY)
    wall = _wall(now_us, zone)
    if window == "1mo":
        year, month = (wall.year, wall.month - 1) if wall.month > 1 else (wall.year - 1, 12)
        return instant(wall.replace(year=year, month=month, day=min(wall.day, monthrange(year, month)[1])), zone, 0)
    return _period(window, wall, zone)[0] - 1


def period_end(window: str, now_us: int, zone: ZoneInfo) -> int:
    """When the running calendar period ends; a rolling window has none."""
    return _period(window, _wall(now_us, zone), zone)[1] if window in ("day", "week", "month") else now_us


def term_end(term: str, now_us: int, zone: ZoneInfo) -> int:
    """When a term that begins now ends: hours elapse, days and longer keep the wall time."""
    if term.endswith("h"):
        return now_us + int(term[:-1]) * HOUR
    wall = _wall(now_us, zone)
    if term.endswith("d"):
        return instant(wall + timedelta(days=int(term[:-1])), zone, 1)
    months = wall.year * 12 + wall.month - 1 + (int(term[:-2]) if term.endswith("mo") else 12 * int(term[:-1]))
    year, month = months // 12, months % 12 + 1
    if wall.day <= monthrange(year, month)[1]:
        return instant(wall.replace(year=year, month=month), zone, 1)
    # There is no such day: the next one that exists.
    return instant(wall.replace(year=year + month // 12, month=month % 12 + 1, day=1), zone, 1)


def _period(window: str, wall: datetime, zone: ZoneInfo) -> tuple[int, int]:
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    if window == "day":
        first, last = midnight, midnight + timedelta(days=1)
    elif window == "week":
        first = midnight - timedelta(days=wall.weekday())
        last = first + timedelta(days=7)
    else:
        first = midnight.replace(day=1)
        last = (first + timedelta(days=32)).replace(day=1)
    return instant(first, zone, 0), instant(last, zone, 0)


def _wall(at_us: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone).replace(tzinfo=None, fold=0)


def instant(wall: datetime, zone: ZoneInfo, which: int) -> int:
    """The instant of a wall time: the first (0) or the last (1) of two, the end of the gap for one that is skipped."""
    found = sorted({_at(wall, zone, fold) for fold in (0, 1)})
    real = [at_us for at_us in found if _wall(at_us, zone) == wall]
    return real[-which] if real else _gap_end(found[0], found[-1], zone)


def _at(wall: datetime, zone: ZoneInfo, fold: int) -> int:
    return (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _gap_end(before_us: int, after_us: int, zone: ZoneInfo) -> int:
    """Where the offset changes between two instants."""

    def offset(at_us: int) -> timedelta | None:
        return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone).utcoffset()

    old = offset(before_us)
    while after_us - before_us > 1:
        middle = (before_us + after_us) // 2
        before_us, after_us = (middle, after_us) if offset(middle) == old else (before_us, middle)
    return after_us
