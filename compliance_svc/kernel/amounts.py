"""Amounts of packs: exact decimals in main units, made integers for one currency and exponent."""

import re
from dataclasses import dataclass
from typing import Final, Self

_AMOUNT: Final = re.compile(r"(0|[1-9]\d{0,17})(?:\.(\d{1,18}))? ([A-Z][A-Z0-9]{2,11})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """`5.00 GBP`: an integer, its number of decimals, and the currency."""

    value: int
    decimals: int
    currency: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an amount; ValueError if it is none."""
        match = _AMOUNT.fullmatch(text)
        if match is None:
            message = f"not an amount: {text!r}"
            raise ValueError(message)
        decimals = match[2] or ""
        return cls(value=int(match[1] + decimals), decimals=len(decimals), currency=match[3])

    def at_most_minor(self, exponent: int) -> int:
        """Return the most whole units that do not exceed the amount.

        Exact for a cap: a whole number of units is at most 5.50 if and only if it is at most 5.
        """
        return int(self.value * 10**exponent // 10**self.decimals)

    def no_more_than(self, other: "Amount") -> bool:
        """Compare two amounts of one currency."""
        return bool(self.value * 10**other.decimals <= other.value * 10**self.decimals)

    def __str__(self) -> str:
        """Return the amount as it is written."""
        digits = str(self.value).zfill(self.decimals + 1)
        whole, decimals = digits[: len(digits) - self.decimals], digits[len(digits) - self.decimals :]
        return f"{whole}{'.' if decimals else ''}{decimals} {self.currency}"
