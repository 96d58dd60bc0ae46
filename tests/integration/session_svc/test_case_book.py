"""Cases and runs in a real PostgreSQL: who is written down last does not matter, who looked last does."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from session_svc.domain.reconciling import Case, CaseClass, Key, Kind, Span
from session_svc.ports import Findings, KnownCase, Run
from session_svc.store.reconciling import PostgresCases

NOON = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
HOUR = Span(start=NOON, end=NOON + dt.timedelta(hours=1))
NEVER = Span(start=NOON, end=NOON)


@pytest.fixture
def book(engine: AsyncEngine) -> PostgresCases:
    return PostgresCases(engine)


@pytest.fixture
def provider() -> str:
    return f"p_{secrets.token_hex(4)}"


def case(provider: str, case_class: CaseClass = CaseClass.AMOUNT_DIFFERS, **changes: object) -> Case:
    made = Case(
        provider=provider,
        case_class=case_class,
        key=Key(licensee="aurora", player_id="ada", kind=Kind.BET, transaction_key="b1"),
        currency="EUR",
        round_id="r1",
        amount_there=Decimal("1.01"),
        amount_here=Decimal("1.00"),
        state_there="accepted",
        state_here="applied",
        outcome_here="OUTCOME_OK",
        round_here="",
        transaction_id="3-7",
        at=NOON,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def found(provider: str, after_s: int, *cases: Case, stuck: Span = NEVER) -> Findings:
    return Findings(
        provider=provider,
        as_of=HOUR.end + after_s * SECOND,
        compared=HOUR,
        looked_for_stuck=stuck,
        messages=7,
        cases=cases,
    )


async def known(book: PostgresCases, provider: str, *, resolved: bool = True) -> list[KnownCase]:
    return await book.cases(provider=provider, licensee="", resolved=resolved, limit=10)


async def test_a_case_comes_back_as_it_was_written_and_keeps_when_it_was_first_seen(
    book: PostgresCases, provider: str
) -> None:
    for second in (1, 2):
        assert await book.write(found(provider, second, case(provider)), run=None, after=None)
    (one,) = await known(book, provider)
    assert one.case == case(provider)
    assert (one.first_seen, one.last_seen, one.resolved) == (HOUR.end + SECOND, HOUR.end + 2 * SECOND, None)


async def test_what_is_not_found_again_is_resolved_and_what_was_not_looked_at_is_not(
    book: PostgresCases, provider: str
) -> None:
    elsewhere = case(provider, at=HOUR.end, key=replace(case(provider).key, transaction_key="b2"))
    round_ = case(provider, CaseClass.STUCK_ROUND)
    await book.write(found(provider, 1, case(provider), elsewhere, round_), run=None, after=None)
    await book.write(found(provider, 2), run=None, after=None)
    assert {one.case for one in await known(book, provider, resolved=False)} == {elsewhere, round_}
    await book.write(found(provider, 3, stuck=HOUR), run=None, after=None)
    assert [one.case for one in await known(book, provider, resolved=False)] == [elsewhere]
    await book.write(found(provider, 4, case(provider)), run=None, after=None)
    assert len(await known(book, provider, resolved=False)) == 2, "a case can come back"


async def test_a_comparison_that_began_earlier_changes_nothing_that_a_later_one_has_seen(
    book: PostgresCases, provider: str
) -> None:
    await book.write(found(provider, 2, case(provider)), run=None, after=None)
    await book.write(found(provider, 1), run=None, after=None)
    assert len(await known(book, provider, resolved=False)) == 1
    await book.write(found(provider, 4), run=None, after=None)
    await book.write(found(provider, 3, case(provider)), run=None, after=None)
    assert await known(book, provider, resolved=False) == []


async def test_each_span_of_minutes_counts_once_whoever_compares_it(book: PostgresCases, provider: str) -> None:
    first = Run(provider=provider, day=None, span=HOUR, run_at=HOUR.end, messages=7, cases=0)
    following = replace(first, span=Span(start=HOUR.end, end=HOUR.end + SECOND))
    assert await book.compared_until(provider) is None
    assert await book.write(found(provider, 1), run=first, after=None)
    assert not await book.write(found(provider, 1, case(provider)), run=first, after=None)
    assert await known(book, provider) == [], "a span that another replica has moved past writes nothing"
    assert await book.write(found(provider, 2), run=following, after=HOUR.end)
    assert not await book.write(found(provider, 2), run=following, after=HOUR.end)
    assert await book.compared_until(provider) == HOUR.end + SECOND


async def test_days_are_remembered_beside_the_minutes(book: PostgresCases, provider: str) -> None:
    minutes = Run(provider=provider, day=None, span=HOUR, run_at=HOUR.end, messages=7, cases=0)
    days = [replace(minutes, day=dt.date(2026, 11, day)) for day in (24, 25)]
    for run in (minutes, *days):
        assert await book.write(found(provider, 1), run=run, after=None)
    assert await book.last_day(provider) == dt.date(2026, 11, 25)
    assert [run for run in await book.runs() if run.provider == provider] == [minutes, days[1], days[0]]
