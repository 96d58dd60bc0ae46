"""Numbers with at most six decimals on the wire, exact money inside. No float on the way."""

from decimal import Decimal

from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit.amounts import exact_text, from_decimal, from_text, shown_decimal

_PLACES = 6


def to_money(number: Decimal, currency_code: str) -> Money:
    """Ours, exact. AmountError below zero, beyond six decimals, or too large."""
    return from_text(from_decimal(Decimal(number), currency_code).amount, currency_code, _PLACES)


def to_wire(amount: Decimal) -> Decimal:
    """Theirs, with all six decimals. AmountError when the amount is finer."""
    return Decimal(exact_text(amount, _PLACES))


def shown(balance: Money) -> Decimal:
    """A balance that is only shown: never more than there is."""
    return shown_decimal(balance, _PLACES)
