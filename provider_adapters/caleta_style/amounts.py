"""Amounts: a whole number of 1/100 000 of the main unit on the wire, exact decimals inside."""

from provider_adapters._kit.hundred_thousandths import from_units, shown_balance, to_money, to_units

__all__ = ["from_units", "shown_balance", "to_money", "to_units"]
