"""Decimal texts in main units on the wire, exact money inside."""

from decimal import Decimal

from mesh.money import to_text
from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit.amounts import exact_text, from_text, shown_units

_PLACES = 8


def to_money(text: str, currency_code: str) -> Money:
    """Ours, exact. AmountError below zero, beyond eight decimals, or too large."""
    return from_text(text, currency_code, _PLACES)


def to_wire(amount: Decimal) -> str:
    """Theirs, without zeros that say nothing."""
    return exact_text(amount, _PLACES, digits=2)


def shown(balance: Money) -> str:
    """A balance that is only shown: never more than there is."""
    return to_text(shown_units(balance, _PLACES), _PLACES)
