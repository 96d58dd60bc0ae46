"""Amounts as text and in smallest units."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

LARGEST = 2**63 - 1


def smallest_units(text: str, exponent: int) -> int | None:
    """None if the currency cannot hold the amount exactly."""
    try:
        scaled = Decimal(text).scaleb(exponent)
    except InvalidOperation:
        return None
    whole = int(scaled)
    return whole if whole == scaled and abs(whole) <= LARGEST else None


def value(text: str) -> Decimal:
    """What counts of an amount: "5.0" and "5.00" are the same."""
    return Decimal(text).normalize()
