from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance_svc.kernel.limits import LONGEST_WINDOW_US
from compliance_svc.kernel.local_time import Term, comes_of_age_us, instant, month_back_us, to_us, wall_time
from tests.unit.compliance_svc.kernel.world import LONDON, at

ROME = ZoneInfo("Europe/Rome")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
SINCE_1990 = st.integers(at("1990-01-01T00:00:00+00:00"), at("2040-01-01T00:00:00+00:00"))
ZONES = st.sampled_from([UTC, LONDON, ROME, SAO_PAULO, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")])


def term_end(term: str, start: str, zone: ZoneInfo = LONDON) -> int:
    return Term.parse(term).end_us(at(start), zone)


def test_age_rises_at_local_midnight_of_the_birthday() -> None:
    assert comes_of_age_us(2008_06_15, 18, LONDON) == at("2026-06-15T00:00:00+01:00")


def test_a_birthday_of_29_february_is_1_march_in_common_years() -> None:
    assert comes_of_age_us(2008_02_29, 18, LONDON) == at("2026-03-01T00:00:00+00:00")
    assert comes_of_age_us(2008_02_29, 20, LONDON) == at("2028-02-29T00:00:00+00:00")


def test_a_birthday_whose_midnight_the_clocks_skip_begins_at_the_end_of_the_gap() -> None:
    assert comes_of_age_us(2000_11_04, 18, SAO_PAULO) == at("2018-11-04T01:00:00-02:00")


def test_a_birthday_whose_midnight_comes_twice_begins_at_the_later_one() -> None:
    assert comes_of_age_us(2007_11_02, 18, ZoneInfo("America/Havana")) == at("2025-11-02T00:00:00-05:00")


@pytest.mark.parametrize(
    ("term", "start", "end"),
    [
        ("24h", "2026-03-28T14:00:00+00:00", "2026-03-29T15:00:00+01:00"),
        ("1d", "2026-03-28T14:00:00+00:00", "2026-03-29T14:00:00+01:00"),
        ("6mo", "2026-03-10T12:00:00+00:00", "2026-09-10T12:00:00+01:00"),
        ("6mo", "2026-08-31T12:00:00+01:00", "2027-03-01T12:00:00+00:00"),
        ("1mo", "2026-01-31T12:00:00+00:00", "2026-03-01T12:00:00+00:00"),
        ("1y", "2024-02-29T12:00:00+00:00", "2025-03-01T12:00:00+00:00"),
        ("5y", "2026-12-31T23:59:59+00:00", "2031-12-31T23:59:59+00:00"),
        # The clocks skip 01:00 to 02:00 on this day, and show 01:00 to 02:00 twice on the next one.
        ("1d", "2026-03-28T01:30:00+00:00", "2026-03-29T02:00:00+01:00"),
        ("1d", "2026-10-24T01:30:00+01:00", "2026-10-25T01:30:00+00:00"),
    ],
)
def test_terms_keep_the_wall_time_and_hours_are_elapsed(term: str, start: str, end: str) -> None:
    assert term_end(term, start) == at(end)


def test_microseconds_survive_a_term() -> None:
    assert (
        Term.parse("1mo").end_us(at("2026-05-04T10:00:00+01:00") + 123_456, LONDON)
        == at("2026-06-04T10:00:00+01:00") + 123_456
    )


@pytest.mark.parametrize("text", ["", "0d", "7", "1w", "d", "-1d", "1.5h", "indefinite", "12345h"])
def test_what_is_no_term_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a term"):
        Term.parse(text)


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ("2026-10-05T12:00:00+01:00", "2026-09-05T12:00:00+01:00"),
        ("2026-11-05T12:00:00+00:00", "2026-10-05T12:00:00+01:00"),
        ("2026-01-31T12:00:00+00:00", "2025-12-31T12:00:00+00:00"),
        ("2026-03-31T12:00:00+01:00", "2026-02-28T12:00:00+00:00"),
        ("2028-03-31T12:00:00+01:00", "2028-02-29T12:00:00+00:00"),
        ("2026-04-29T01:30:17+01:00", "2026-03-29T02:00:00+01:00"),
        ("2026-11-25T01:30:17+00:00", "2026-10-25T01:30:17+01:00"),
    ],
)
def test_a_month_back_is_the_same_wall_time_or_the_last_day(now: str, start: str) -> None:
    assert month_back_us(at(now), LONDON) == at(start)


def test_the_start_of_a_month_window_can_move_back_while_time_goes_on() -> None:
    late, early = at("2026-03-28T23:00:00+00:00"), at("2026-03-29T00:30:00+00:00")
    assert month_back_us(early, LONDON) < month_back_us(late, LONDON)


@given(SINCE_1990, ZONES)
def test_a_month_window_is_never_longer_than_what_is_kept(now_us: int, zone: ZoneInfo) -> None:
    assert now_us - LONGEST_WINDOW_US < month_back_us(now_us, zone) < now_us


@given(SINCE_1990, ZONES)
def test_the_remembered_minute_changes_no_start_of_a_month(now_us: int, zone: ZoneInfo) -> None:
    wall = wall_time(now_us, zone)
    first = wall.replace(day=1) - timedelta(days=1)
    wanted = first.replace(day=min(wall.day, first.day))
    assert month_back_us(now_us, zone) == instant(wanted, zone, later=False)


@given(SINCE_1990, ZONES)
def test_an_instant_has_one_wall_time_and_comes_back_from_it(now_us: int, zone: ZoneInfo) -> None:
    wall = wall_time(now_us, zone)
    assert now_us in {instant(wall, zone, later=True), instant(wall, zone, later=False)}


@given(SINCE_1990, ZONES, st.integers(1, 60), st.sampled_from(["d", "mo", "y"]))
def test_a_term_ends_at_the_wall_time_unless_the_clocks_skip_it(
    now_us: int, zone: ZoneInfo, count: int, unit: str
) -> None:
    end_us = Term(count=count, unit=unit).end_us(now_us, zone)
    start, end = wall_time(now_us, zone), wall_time(end_us, zone)
    assert end_us > now_us
    assert end.time() == start.time() or wall_time(end_us - 1, zone) < end - timedelta(minutes=29)


def test_no_float_stands_between_a_datetime_and_its_instant() -> None:
    moment = datetime(2026, 10, 5, 12, 0, 0, 999_999, tzinfo=UTC)
    assert to_us(moment) % 1_000_000 == 999_999
    assert wall_time(to_us(moment), UTC) == moment.replace(tzinfo=None)
