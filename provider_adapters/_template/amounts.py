"""Amounts: a decimal text in main units on the wire, such as "1.25"."""

import re
from decimal import Decimal

from pitboss.type.v1.money_pb2 import Money
from provider_adapters._kit.amounts import AmountError

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,8})?", re.ASCII)


def to_money(text: str, currency_code: str) -> Money:
    """Ours, exact."""
    if not _AMOUNT.fullmatch(text):
        raise AmountError("not an amount of this provider")
    return Money(currency_code=currency_code, amount=text)


def to_wire(amount: Decimal) -> str:
    """Theirs, exact."""
    text = format(amount, "f")
    if not _AMOUNT.fullmatch(text):
        raise AmountError("finer or larger than the wire can say")
    return text
