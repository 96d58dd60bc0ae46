"""A file on its way to the ledger, and what comes back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from pitboss_sdk import ComparedLine, ComparisonSummary, Difference, DifferenceKind, Money, TransactionKind
from pitboss_sdk import _reading as reading
from pitboss_sdk._calls.history import Comparison, balance_at
from pitboss_sdk._stubs.pitboss.wallet.v1 import history_service_pb2 as pb

DAY = datetime(2026, 11, 25, tzinfo=UTC)
BET = TransactionKind.BET


def comparison(count: int = 1, **more: Any) -> Comparison:
    lines = (
        ComparedLine(kind=BET, transaction_key=f"b{n:05}", amount=Money(Decimal("1.50"), "EUR")) for n in range(count)
    )
    given: dict[str, Any] = {"since": DAY, "until": DAY, "kinds": [BET], **more}
    return Comparison(lines=lines, source="acme", currency_code="EUR", **given)


def test_the_scope_goes_first_and_the_lines_in_pages() -> None:
    scope, *pages = comparison(1_200).requests()
    assert (scope.scope.source, scope.scope.currency_code, list(scope.scope.kinds)) == ("acme", "EUR", [1])
    assert scope.scope.start_time.ToDatetime(tzinfo=UTC) == DAY
    assert [len(page.lines.lines) for page in pages] == [500, 500, 200]
    first = pages[0].lines.lines[0]
    assert (first.transaction_key, first.kind, first.amount.amount, first.state) == ("b00000", 1, "1.50", 0)


def test_lines_are_taken_only_as_they_are_sent() -> None:
    taken: list[int] = []

    def lines() -> Any:
        for n in range(10_000):
            taken.append(n)
            yield ComparedLine(kind=BET, transaction_key=f"b{n:05}")

    asked = Comparison(lines=lines(), source="acme", currency_code="EUR", since=DAY, until=DAY, kinds=[]).requests()
    next(asked)
    assert taken == []
    next(asked)
    assert len(taken) == 500


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        next(comparison(since=datetime(2026, 11, 25)).requests())  # noqa: DTZ001 - that is the mistake


def test_differences_and_the_summary_are_values() -> None:
    message = pb.CompareStatementResponse(
        differences=[pb.Difference(difference=1, there=pb.ComparedLine(transaction_key="b1", kind=1))],  # type: ignore[arg-type]
        summary=pb.ComparisonSummary(lines=3, missing_here=1),
    )
    found, summary = reading.compared(message)
    assert isinstance(found, Difference)
    assert isinstance(summary, ComparisonSummary)
    assert (found.kind, found.here, found.there) == (
        DifferenceKind.MISSING_HERE,
        None,
        ComparedLine(kind=BET, transaction_key="b1"),
    )
    assert (summary.lines, summary.missing_here) == (3, 1)


def test_a_past_balance_is_asked_for_at_one_moment() -> None:
    request: Any = balance_at("pl-1", "", 7, None, None).first.request
    assert request.sequence == 7
    with pytest.raises(TypeError, match="one moment"):
        balance_at("pl-1", "", 7, DAY, None)
    with pytest.raises(TypeError, match="one moment"):
        balance_at("pl-1", "", None, None, None)
