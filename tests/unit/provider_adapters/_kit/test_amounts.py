from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit.amounts import AmountError, from_decimal, from_units, shown_units, to_units


def eur(amount: str) -> Money:
    return Money(currency_code="EUR", amount=amount)


@given(st.integers(min_value=0, max_value=2**62), st.integers(min_value=0, max_value=8))
def test_units_come_back_as_they_went(units: int, exponent: int) -> None:
    assert to_units(from_units(units, exponent, "EUR"), exponent) == units


def test_an_amount_that_is_finer_than_the_unit_is_refused() -> None:
    with pytest.raises(AmountError):
        to_units(eur("0.000001"), 5)


def test_a_balance_that_is_only_shown_is_never_more_than_there_is() -> None:
    assert shown_units(eur("1.000019"), 5) == 100_001
    assert shown_units(eur("12"), 5) == 1_200_000
    assert shown_units(eur("0.5"), 0) == 0


def test_a_balance_below_zero_is_a_fault() -> None:
    with pytest.raises(AmountError):
        shown_units(eur("-0.01"), 5)


def test_decimals_are_written_out_exactly() -> None:
    assert from_decimal(Decimal("1E+3"), "EUR").amount == "1000"
    assert from_decimal(Decimal("0.00001"), "EUR").amount == "0.00001"


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E-19")])
def test_what_is_no_exact_amount_is_refused(amount: Decimal) -> None:
    with pytest.raises(AmountError):
        from_decimal(amount, "EUR")
