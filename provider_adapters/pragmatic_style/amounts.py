"""Decimals with at most two places on the wire, exact money inside. No float on the way."""

import re
from decimal import Decimal

from mesh.money import to_minor, to_text
from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit.amounts import AmountError, from_units, shown_units

__all__ = ["AmountError", "shown", "to_money", "to_wire"]

_PLACES = 2
_AMOUNT = re.compile(r"[0-9]{1,17}(?:[.][0-9]{1,18})?", re.ASCII)


def to_money(text: str) -> Money:
    """Money for an amount of the wire, which names no currency. AmountError below zero, beyond two places, or too large."""
    if not _AMOUNT.fullmatch(text):
        raise AmountError("not an amount of this provider")
    return from_units(to_minor(text, _PLACES), _PLACES, "")


def to_wire(amount: Decimal) -> str:
    """An amount as the studio writes it: two places, exact."""
    return to_text(to_minor(format(amount, "f"), _PLACES), _PLACES)


def shown(balance: Money) -> Decimal:
    """A balance as the player sees it: two places, never more than there is."""
    return Decimal(to_text(shown_units(balance, _PLACES), _PLACES))
