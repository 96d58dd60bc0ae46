"""Exact conversions between a provider's amounts and ours. What does not fit is refused, never rounded.

The one exception is named as such: a balance that is only shown.
"""

import re
from decimal import Decimal

from mesh.money import AmountError, to_minor, to_text
from pitboss.type.v1.money_pb2 import Money

__all__ = [
    "AmountError",
    "exact_text",
    "from_decimal",
    "from_text",
    "from_units",
    "shown_decimal",
    "shown_units",
    "to_units",
]

_FINEST = 18
_LARGEST = 20
_TEXT = re.compile(r"[0-9]{1,17}(?:[.][0-9]{1,18})?", re.ASCII)


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
    # Looked at first: written out, 1e999999 would be a million digits.
    if not amount.is_finite() or amount.adjusted() > _LARGEST:
        raise AmountError("not an exact amount")
    _, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int) or -exponent > _FINEST or len(digits) > _FINEST + _LARGEST:
        raise AmountError("not an exact amount")
    text = format(amount, "f")
    return Money(currency_code=currency_code, amount=text)


def from_text(text: str, currency_code: str, places: int) -> Money:
    """Money for a plain decimal text. AmountError below zero, beyond the places, or too large."""
    if not _TEXT.fullmatch(text):
        raise AmountError("not an amount of this provider")
    return from_units(to_minor(text, places), places, currency_code)


def exact_text(amount: Decimal, places: int, *, digits: int | None = None) -> str:
    """An amount as a studio writes it, with all its places, or with at least `digits` of them.

    AmountError when it is finer than the wire can say.
    """
    return to_text(to_minor(format(amount, "f"), places), places, digits=places if digits is None else digits)


def shown_decimal(balance: Money, places: int) -> Decimal:
    """A balance that is only shown, with all its places: never more than there is."""
    return Decimal(to_text(shown_units(balance, places), places, digits=places))
