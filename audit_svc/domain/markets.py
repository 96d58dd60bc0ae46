"""What a market's extracts are like, and which periods they are of. Pure."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

SETTLE_US: Final = 60_000_000
"""How long after its end a period may still get entries: no clock of ours is a minute off (docs/statements.md)."""
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One market, as `schemas/markets.toml` has it."""

    name: str
    version: int
    zone: str
    period_minutes: int
    longest_days: int
    sealed: bool
    seal_within_hours: int
    postings: bool
    balances: bool

    @property
    def schema(self) -> str:
        """Name and version of the schema."""
        return f"pitboss-extract-{self.name}/{self.version}"

    @property
    def namespace(self) -> str:
        """The same in XML."""
        return f"urn:pitboss:extract:{self.name}:{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From one moment up to another, which is not part of it."""

    from_us: int
    to_us: int
    zone: str

    @property
    def local(self) -> tuple[str, str]:
        """Both ends by the market's clocks, with offsets."""
        zone = ZoneInfo(self.zone)
        first, last = (_moment(each).astimezone(zone).isoformat() for each in (self.from_us, self.to_us))
        return first, last


class PeriodError(ValueError):
    """The text is no period of the market; the message says what to do."""


def parse_markets(text: str) -> dict[str, Market]:
    """The markets of a file, by name."""
    return {name: Market(name=name, **fields) for name, fields in tomllib.loads(text).items()}


def parse_period(market: Market, first: str, last: str) -> Period:
    """The period between two days or moments of the market. Raises PeriodError."""
    begin, end = _instant(market, first), _instant(market, last)
    if end <= begin:
        raise PeriodError("it ends before it begins: `to` is the first moment that is not part of it")
    if end - begin > timedelta(days=market.longest_days, hours=1):
        # An hour more: the day on which clocks are put back.
        raise PeriodError(f"it is longer than {market.longest_days} days: ask for several")
    return Period(from_us=_microseconds(begin), to_us=_microseconds(end), zone=market.zone)


def _instant(market: Market, text: str) -> datetime:
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise PeriodError(f"{text!r} is neither a day such as 2026-11-25 nor a moment as in RFC 3339") from None
    zone = ZoneInfo(market.zone)
    if given.tzinfo is None:
        given = given.replace(tzinfo=zone)
        if not _DATE.fullmatch(text) and given.utcoffset() != given.replace(fold=1).utcoffset():
            raise PeriodError(
                f"{text!r} is there twice or never when the clocks of {market.zone} change: add its offset"
            )
    local = given.astimezone(zone)
    if local.second or local.microsecond or (local.hour * 60 + local.minute) % market.period_minutes:
        raise PeriodError(f"{text!r} is no multiple of {market.period_minutes} minutes after midnight in {market.zone}")
    return local.astimezone(UTC)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def utc_text(microseconds: int) -> str:
    """A moment as documents have it: UTC, six digits after the point."""
    return _moment(microseconds).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def names_of(markets: Mapping[str, Market]) -> str:
    """All of them, for errors."""
    return ",".join(sorted(markets))
