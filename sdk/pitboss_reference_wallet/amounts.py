"""Decimal text to smallest units and back. Nothing is rounded."""

from __future__ import annotations

import re

_DECIMAL = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]{1,18}))?")
MOST = 9_223_372_036_854_775_807


def to_minor(text: str, exponent: int) -> int | None:
    """Smallest units, or None if the text is no amount or does not fit exactly."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return None
    sign, whole, fraction = found[1], found[2], (found[3] or "").rstrip("0")
    if len(fraction) > exponent:
        return None
    minor = int(whole + fraction.ljust(exponent, "0"))
    return None if minor > MOST else -minor if sign else minor


def to_text(minor: int, exponent: int) -> str:
    """Digits with exactly `exponent` of them behind the point."""
    digits = str(abs(minor)).rjust(exponent + 1, "0")
    sign = "-" if minor < 0 else ""
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}" if exponent else sign + digits
