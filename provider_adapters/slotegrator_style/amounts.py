"""Decimal texts with at most four places on the wire, exact money inside."""

from decimal import Decimal

from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit.amounts import exact_text, from_text, shown_decimal

_PLACES = 4


def to_money(text: str, currency_code: str) -> Money:
    """Ours, exact. AmountError below zero, beyond four decimals, or too large."""
    return from_text(text, currency_code, _PLACES)


def to_wire(amount: Decimal) -> str:
    """Theirs, with all four decimals."""
    return exact_text(amount, _PLACES)


def shown(balance: Money) -> Decimal:
    """A balance that is only shown: never more than there is."""
    return shown_decimal(balance, _PLACES)
