from __future__ import annotations

from decimal import Decimal

import pytest

from pitboss_sdk import Money
from pitboss_sdk._reading import money, money_message
from pitboss_sdk._stubs.pitboss.type.v1 import money_pb2


@pytest.mark.parametrize("amount", [12.5, 0.1, float("nan"), True, "12.50", None])
def test_anything_that_may_be_inexact_is_a_type_error(amount: object) -> None:
    with pytest.raises(TypeError, match="Decimal or an int"):
        Money(amount, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1" + "0" * 20, "0." + "0" * 18 + "1"])
def test_what_the_wire_cannot_carry_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="at most 20 digits before and 18 after"):
        Money(Decimal(text), "EUR")


@pytest.mark.parametrize(
    ("amount", "text"),
    [(Decimal("12.50"), "12.50"), (Decimal("1E+3"), "1000"), (7, "7"), (Decimal("-0.01"), "-0.01"),
     (Decimal("0.000000000000000001"), "0.000000000000000001"), (Decimal("9" * 20), "9" * 20)],
)  # fmt: skip
def test_an_amount_travels_as_plain_digits(amount: Decimal | int, text: str) -> None:
    message = money_message(Money(amount, "EUR"))
    assert (message.amount, message.currency_code) == (text, "EUR")
    assert money(message) == Money(amount, "EUR")


def test_a_bare_number_is_no_money() -> None:
    with pytest.raises(TypeError, match="not Decimal"):
        money_message(Decimal("12.50"))


def test_equal_amounts_are_equal_however_they_are_written() -> None:
    assert Money(Decimal("5.00"), "EUR") == Money(5, "EUR")
    assert Money(5, "EUR") != Money(5, "GBP")
    assert len({Money(Decimal("5.00"), "EUR"), Money(5, "EUR")}) == 1


def test_money_that_was_not_sent_is_none() -> None:
    assert money(money_pb2.Money()) is None


def test_money_can_be_lined_up_in_a_table() -> None:
    assert f"{Money(Decimal('5.00'), 'EUR'):>10}|{Money(5, 'EUR')}" == "  5.00 EUR|5 EUR"
