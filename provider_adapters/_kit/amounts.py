"""Exact conversions between a provider's amounts and ours. What does not fit is refused, never rounded.

The one exception is named as such: a balance that is only shown.
"""

from decimal import Decimal

from mesh.money import AmountError, to_minor, to_text
from pitboss.type.v1.money_pb2 import Money

__all__ = ["AmountError", "from_decimal", "from_units", "shown_units", "to_units"]

_FINEST = 18


def from_units(units: int, exponent: int, currency_code: str) -> Money:
    """Money for a whole number of a provider's unit, which is 10 ** -exponent of the main unit."""
    return Money(currency_code=currency_code, amount=to_text(units, exponent))


def to_units(money: Money, exponent: int) -> int:
    """A whole number of the provider's unit, or AmountError when the amount is not one."""
    return to_minor(money.amount, exponent)


def shown_units(money: Money, exponent: int) -> int:
    """The largest whole number of units that is not above a balance of zero or more.

    Other providers may leave a player with fractions that this one cannot write. A reply to a
    committed bet cannot be refused for that, and must never show more than there is.
    """
    whole, _, fraction = money.amount.partition(".")
    if whole.startswith("-"):
        raise AmountError("a balance below zero")
    return int(whole + fraction[:exponent].ljust(exponent, "0"))


def from_decimal(amount: Decimal, currency_code: str) -> Money:
    """Money for an exact decimal. AmountError when it cannot be written with 18 decimals."""
    text = format(amount, "f")
    if not amount.is_finite() or len(text.partition(".")[2]) > _FINEST:
        raise AmountError("not an exact amount")
    return Money(currency_code=currency_code, amount=text)
