"""Amounts are exact, or refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.type.v1.money_pb2 import Money
from provider_adapters.pragmatic_style.amounts import AmountError, shown, to_money, to_wire


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1.25", "1.25"), ("0", "0.00"), ("0.00", "0.00"), ("10", "10.00"), ("10.5", "10.50"), ("007.10", "7.10")],
)
def test_an_amount_becomes_the_same_money(text: str, amount: str) -> None:
    assert to_money(text).amount == amount


def test_zeros_beyond_two_places_change_nothing() -> None:
    assert to_money("1.2500").amount == "1.25"


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "-0.01", "+1", "1.", ".5", "1,25", "1e3", "1E3", " 1", "1 ", "0x1", "NaN", "inf", "1_0", "1.2.3"),
        *("1.255", "0.001", "0.0000000000000000001", "99999999999999999999", "92233720368547758.08", "٣", "1\n"),
    ],
)
def test_what_is_not_an_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountError):
        to_money(text)


def test_the_largest_amount_is_that_of_our_integers() -> None:
    assert to_money("92233720368547758.07").amount == "92233720368547758.07"


@given(st.integers(0, 2**63 - 1))
def test_every_amount_survives_the_way_out_and_in(cents: int) -> None:
    text = to_wire(Decimal(cents).scaleb(-2))
    assert to_money(text).amount == text
    assert int(text.replace(".", "")) == cents


def test_the_studio_writes_no_amount_it_cannot_write_exactly() -> None:
    with pytest.raises(AmountError):
        to_wire(Decimal("0.005"))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("98.75", "98.75"),
        ("98.759999", "98.75"),
        ("0.009", "0.00"),
        ("7", "7.00"),
        ("92233720368547.758071", "92233720368547.75"),
    ],
)
def test_a_balance_shows_never_more_than_there_is(amount: str, expected: str) -> None:
    assert str(shown(Money(currency_code="EUR", amount=amount))) == expected
