"""Decimals with at most two places on the wire, exact money inside. No float on the way."""

from decimal import Decimal

from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit.amounts import AmountError, exact_text, from_text, shown_decimal

__all__ = ["AmountError", "shown", "to_money", "to_signed_money", "to_signed_wire", "to_wire"]

_PLACES = 2


def to_money(text: str) -> Money:
    """Money for an amount of the wire, which names no currency. AmountError below zero, beyond two places, or too large."""
    return from_text(text, "", _PLACES)


def to_signed_money(text: str) -> Money:
    """Money for an amount that may be below zero: that of a correction. AmountError as in `to_money`."""
    money = to_money(text.removeprefix("-"))
    if text.startswith("-"):
        money.amount = f"-{money.amount}"
    return money


def to_wire(amount: Decimal) -> str:
    """An amount as the studio writes it: two places, exact."""
    return exact_text(amount, _PLACES)


def to_signed_wire(amount: Decimal) -> str:
    """An amount of a correction as the studio writes it."""
    return f"-{to_wire(-amount)}" if amount < 0 else to_wire(amount)


def shown(balance: Money) -> Decimal:
    """A balance as the player sees it: two places, never more than there is."""
    return shown_decimal(balance, _PLACES)
