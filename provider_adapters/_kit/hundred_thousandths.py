"""Amounts as a whole number of 1/100 000 of the main unit, a unit that several providers share."""

from decimal import Decimal

from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit import amounts

EXPONENT = 5


def to_money(units: int, currency_code: str) -> Money:
    """Ours, exact."""
    return amounts.from_units(units, EXPONENT, currency_code)


def to_units(amount: Decimal) -> int:
    """Theirs. AmountError when the amount is finer than the wire can say."""
    return amounts.to_units(amounts.from_decimal(amount, "XXX"), EXPONENT)


def shown_balance(balance: Money) -> int:
    """Theirs, for a balance that is only shown: never more than there is."""
    return amounts.shown_units(balance, EXPONENT)


def from_units(units: int) -> Decimal:
    """A plain decimal, exact."""
    return Decimal(units).scaleb(-EXPONENT)
