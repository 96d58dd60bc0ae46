from __future__ import annotations

import datetime as dt
import time

from hypothesis import given
from hypothesis import strategies as st

from mesh.clock import ManualClock, SystemClock, from_us, open_clock, to_us


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_moments_survive_as_microseconds(moment: dt.datetime) -> None:
    assert from_us(to_us(moment)) == moment


def test_an_aware_moment_of_another_zone_is_the_same_moment() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    assert to_us(dt.datetime(1970, 1, 1, 2, 0, 0, 7, tzinfo=zone)) == 7


def test_the_system_clock_is_in_utc() -> None:
    before = time.time_ns() // 1000
    now = SystemClock().now()
    assert now.tzinfo is dt.UTC
    assert before <= to_us(now) <= time.time_ns() // 1000


def test_a_manual_clock_moves_only_when_told_to() -> None:
    clock = ManualClock(dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
    clock.advance(hours=25, microseconds=1)
    assert clock.now() == dt.datetime(2026, 11, 25, 1, 0, 0, 1, tzinfo=dt.UTC)
    clock.set(5)
    assert (clock.now_us(), clock.now_us()) == (5, 5)


def test_without_a_file_the_clock_is_the_computers() -> None:
    assert isinstance(open_clock(None), SystemClock)
