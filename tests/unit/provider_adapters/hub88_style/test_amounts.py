from __future__ import annotations

from decimal import Decimal

import pytest

from mesh.money import AmountError
from pitboss.type.v1.money_pb2 import Money
from provider_adapters.hub88_style.amounts import from_units, shown_balance, to_money, to_units


@pytest.mark.parametrize(
    ("units", "amount"),
    [(125_000, "1.25"), (1, "0.00001"), (0, "0.00"), (100_000, "1.00"), (2**63 - 1, "92233720368547.75807")],
)
def test_a_wire_amount_is_an_exact_decimal(units: int, amount: str) -> None:
    assert to_money(units, "EUR") == Money(currency_code="EUR", amount=amount)
    assert to_units(Decimal(amount)) == units
    assert from_units(units) == Decimal(amount)


def test_an_amount_that_the_wire_cannot_say_is_refused() -> None:
    with pytest.raises(AmountError):
        to_units(Decimal("0.000001"))


def test_a_shown_balance_leaves_out_what_the_wire_cannot_say() -> None:
    assert shown_balance(Money(currency_code="BTC", amount="0.12345678")) == 12_345
