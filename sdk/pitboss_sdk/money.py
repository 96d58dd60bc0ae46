"""Money: an exact amount of one asset."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

MOST_WHOLE_DIGITS = 20
MOST_FRACTION_DIGITS = 18


@dataclass(frozen=True, slots=True, init=False)
class Money:
    """An exact amount in main units: `Money(Decimal("12.50"), "EUR")`.

    The amount is a `Decimal` or an `int`. A `float` is refused, because it is not exact.
    """

    amount: Decimal
    currency_code: str

    def __init__(self, amount: Decimal | int, currency_code: str) -> None:
        """TypeError for anything that may be inexact, ValueError for what the wire cannot carry."""
        if isinstance(amount, bool) or not isinstance(amount, Decimal | int):
            message = f"money is a Decimal or an int, not {type(amount).__name__}: Money(Decimal('12.50'), 'EUR')"
            raise TypeError(message)
        exact = Decimal(amount)
        _check_digits(exact)
        object.__setattr__(self, "amount", exact)
        object.__setattr__(self, "currency_code", currency_code)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency_code}"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


def to_text(amount: Decimal) -> str:
    """As it travels: digits with an optional minus and fraction, never an exponent."""
    return format(amount, "f")


def _check_digits(amount: Decimal) -> None:
    whole, _, fraction = to_text(abs(amount)).partition(".") if amount.is_finite() else ("", "", "")
    if not 0 < len(whole) <= MOST_WHOLE_DIGITS or len(fraction) > MOST_FRACTION_DIGITS:
        message = f"money has at most {MOST_WHOLE_DIGITS} digits before and {MOST_FRACTION_DIGITS} after the point"
        raise ValueError(message)
