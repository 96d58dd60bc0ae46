"""Exact amounts: decimal text on the wire, an integer of the asset's smallest unit inside. Nothing is rounded."""

from __future__ import annotations

import re

MAX_MINOR = 2**63 - 1
MIN_MINOR = -(2**63)

_SCALE: tuple[int, ...] = tuple(10**exponent for exponent in range(19))
_AMOUNT = re.compile(r"(-?[0-9]{1,20})(?:\.([0-9]{1,18}))?", re.ASCII)


class AmountError(ValueError):
    """The text is not an amount this asset can hold exactly."""


def to_minor(text: str, exponent: int) -> int:
    """The integer that a decimal text stands for at an exponent, or `AmountError`."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise AmountError("not a decimal amount")
    whole, fraction = match.groups()
    if fraction is None:
        minor = int(whole) * _SCALE[exponent]
    elif len(fraction) <= exponent:
        minor = int(whole + fraction) * _SCALE[exponent - len(fraction)]
    else:
        minor = _without_excess(whole, fraction, exponent)
    if MIN_MINOR <= minor <= MAX_MINOR:
        return minor
    raise AmountError("too large")


def _without_excess(whole: str, fraction: str, exponent: int) -> int:
    if fraction[exponent:].strip("0"):
        raise AmountError("more decimal places than the asset has")
    return int(whole + fraction[:exponent])


def to_text(minor: int, exponent: int, digits: int = 2) -> str:
    """The decimal text of an integer: every digit that matters, and at least `digits` decimals if the asset has them."""
    if digits == 2 <= exponent and minor >= 0:  # noqa: PLR2004 - by far the most common, and written for every bet
        short, rest = divmod(minor, _SCALE[exponent - 2])
        if not rest:
            return f"{short // 100}.{short % 100:02d}"
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    if exponent == 0:
        return f"{sign}{minor}"
    whole, rest = divmod(minor, _SCALE[exponent])
    fraction = f"{rest:0{exponent}d}"
    kept = max(len(fraction.rstrip("0")), min(digits, exponent))
    return f"{sign}{whole}.{fraction[:kept]}" if kept else f"{sign}{whole}"
