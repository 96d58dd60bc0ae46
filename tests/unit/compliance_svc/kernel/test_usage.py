from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from compliance_svc.kernel import Limit, LimitKind, Usage, UsageBook, Window, usage_needed
from tests.unit.compliance_svc.kernel.world import DAY, HOUR, NOON, a_limit, pounds, used

UTC_ZONE = UTC
LOSS, DEPOSIT = LimitKind.LOSS, LimitKind.DEPOSIT
INSTANTS = st.integers(0, 40)
EVENTS = st.lists(st.tuples(INSTANTS, st.integers(-50, 50)), max_size=60)


def naive(events: list[tuple[int, int]], after: int, until: int) -> int:
    return sum(amount for at, amount in events if after < at <= until)


def filled(events: list[tuple[int, int]]) -> Usage:
    usage = Usage()
    for at, amount in events:
        usage.add(at, amount)
    return usage


@given(EVENTS, INSTANTS, INSTANTS)
def test_any_span_has_the_sum_of_its_events_in_whatever_order_they_came(
    events: list[tuple[int, int]], one: int, two: int
) -> None:
    after, until = sorted((one, two))
    assert filled(events).between(after, until) == naive(events, after, until)


@given(EVENTS, EVENTS, INSTANTS, INSTANTS, INSTANTS)
def test_forgetting_changes_no_span_that_begins_later(
    events: list[tuple[int, int]], later: list[tuple[int, int]], forgotten: int, one: int, two: int
) -> None:
    usage = filled(events * 4)
    usage.forget(forgotten)
    for at, amount in later:
        usage.add(at, amount)
    after, until = sorted((max(one, forgotten), max(two, forgotten)))
    kept = [*events * 4, *later]
    assert usage.between(after, until) == naive(kept, after, until)


@given(EVENTS, INSTANTS, INSTANTS, INSTANTS)
def test_collapsing_keeps_the_sum_since_its_start_and_every_later_span(
    events: list[tuple[int, int]], one: int, two: int, until: int
) -> None:
    start, end = sorted((one, two))
    usage = filled([(at * 1_000 + extra, amount) for at, amount in events for extra in range(3)])
    before = [usage.between(first, 1_000 * until) for first in (1_000 * start, 1_000 * end)]
    usage.collapse(1_000 * start, 1_000 * end)
    if until >= end:
        assert [usage.between(first, 1_000 * until) for first in (1_000 * start, 1_000 * end)] == before


def test_collapsing_and_forgetting_really_drop_events() -> None:
    usage = filled([(at, 1) for at in range(1_000)])
    usage.collapse(99, 899)
    assert len(usage) == 1_000 - 799
    usage.forget(500)
    assert len(usage) == 100
    assert usage.between(899, 2_000) == 100


def test_the_window_is_open_at_its_start_and_closed_at_its_end() -> None:
    book = used(DEPOSIT, (NOON, "10.00"))
    assert book.used(DEPOSIT, "GBP", NOON - DAY, NOON) == pounds("10.00")
    assert book.used(DEPOSIT, "GBP", NOON, NOON + DAY) == 0
    assert book.used(DEPOSIT, "GBP", NOON - 1, NOON + DAY - 1) == pounds("10.00")


def test_usage_is_never_below_zero() -> None:
    assert used(LOSS, (NOON, "1.00"), (NOON, "-500.00")).used(LOSS, "GBP", 0, NOON) == 0


def test_kinds_are_counted_apart() -> None:
    assert used(DEPOSIT, (NOON, "10.00")).used(LOSS, "GBP", 0, NOON) == 0


def test_usage_in_another_currency_cannot_be_told_without_a_rate() -> None:
    book = used(DEPOSIT, (NOON, "10.00"))
    book.add(DEPOSIT, "EUR", NOON - HOUR, 5)
    assert book.used(DEPOSIT, "GBP", NOON - DAY, NOON) is None
    assert book.used(DEPOSIT, "GBP", NOON - HOUR, NOON) == pounds("10.00")


def test_what_is_needed_is_the_longest_look_back_of_each_kind() -> None:
    limits = (
        a_limit(DEPOSIT, Window.HOURS_24, "10.00"),
        a_limit(DEPOSIT, Window.DAYS_7, "10.00"),
        a_limit(LOSS, Window.SINCE_SET, "10.00", since_us=NOON - 400 * DAY),
        a_limit(LimitKind.STAKE, Window.NONE, "1.00"),
    )
    assert usage_needed(limits, NOON) == {DEPOSIT: NOON - 7 * DAY, LOSS: NOON - 400 * DAY - 1}


def test_trimming_never_changes_what_the_limits_see() -> None:
    limits: tuple[Limit, ...] = (
        a_limit(LOSS, Window.HOURS_24, "10.00"),
        a_limit(LOSS, Window.MONTH_1, "10.00"),
        a_limit(LOSS, Window.SINCE_SET, "10.00", since_us=NOON - 90 * DAY),
    )
    book = UsageBook()
    for hour in range(24 * 120):
        book.add(LOSS, "GBP", NOON - hour * HOUR, hour % 7)
    starts = [limit.window_start_us(NOON + later, UTC_ZONE) for limit in limits for later in (0, DAY)]
    before = [book.used(LOSS, "GBP", start, NOON + DAY) for start in starts]
    book.trim(limits, NOON)
    assert [book.used(LOSS, "GBP", start, NOON + DAY) for start in starts] == before
    assert sum(len(usage) for usage in book._usage.values()) < 24 * 64


def test_a_book_says_from_when_on_it_is_whole() -> None:
    day, month = a_limit(LOSS, Window.HOURS_24, "10.00"), a_limit(DEPOSIT, Window.MONTH_1, "10.00")
    book = UsageBook(since_us=NOON - 60 * DAY)
    for hour in range(24 * 50):
        book.add(LOSS, "GBP", NOON - hour * HOUR, 1)
        book.add(DEPOSIT, "GBP", NOON - hour * HOUR, 1)
    assert book.since_us == NOON - 60 * DAY
    # Of deposits too little is due to be worth it.
    book.trim((month,), NOON)
    assert book.since_us == NOON - 60 * DAY
    book.trim((day, month), NOON)
    assert book.since_us == NOON - DAY
    assert book.used(DEPOSIT, "GBP", NOON - 20 * DAY, NOON) == 24 * 20


def test_usage_since_the_limit_was_set_includes_the_instant_of_setting() -> None:
    limit = a_limit(LOSS, Window.SINCE_SET, "10.00", since_us=NOON)
    assert used(LOSS, (NOON, "3.00")).used(LOSS, "GBP", limit.window_start_us(NOON, UTC_ZONE), NOON) == pounds("3.00")


def played(book: UsageBook, after_s: int, until_s: int) -> int | None:
    return book.used(LimitKind.TIME, "", after_s * 1_000_000, until_s * 1_000_000)


def test_a_session_counts_until_it_runs_out_or_ends_whichever_is_first() -> None:
    book = UsageBook()
    book.open_session("s", 0, 100_000_000)
    assert (played(book, 0, 60), played(book, 0, 500)) == (60, 100)
    book.close_session("s", 70_000_000)
    book.close_session("s", 90_000_000)
    assert played(book, 0, 500) == 70


def test_the_time_between_the_end_of_a_permit_and_its_renewal_is_not_counted() -> None:
    book = UsageBook()
    book.open_session("s", 0, 100_000_000)
    book.extend_session("s", 50_000_000, 200_000_000)
    assert played(book, 0, 500) == 200
    book.extend_session("s", 300_000_000, 310_000_000)
    assert played(book, 0, 500) == 210
    book.open_session("s", 400_000_000)
    assert played(book, 0, 500) == 310


def test_whoever_ends_all_sessions_ends_each_of_them_once() -> None:
    book = UsageBook()
    book.open_session("s", 0)
    book.open_session("t", 10_000_000, 20_000_000)
    book.close_sessions(50_000_000)
    book.close_sessions(80_000_000)
    assert played(book, 0, 500) == 50
