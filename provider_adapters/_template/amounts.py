"""Amounts: a decimal text in main units on the wire, such as "1.25"."""

from decimal import Decimal

from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit.amounts import exact_text, from_text

_PLACES = 8


def to_money(text: str, currency_code: str) -> Money:
    """Ours, exact. AmountError below zero, finer than the places, or too large."""
    return from_text(text, currency_code, _PLACES)


def to_wire(amount: Decimal) -> str:
    """Theirs, exact."""
    return exact_text(amount, _PLACES, digits=2)
