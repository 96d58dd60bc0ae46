"""One text for one value: sorted keys, no spaces, ASCII, no floats."""

import json
from typing import Final, TypeAlias

Json: TypeAlias = bool | int | str | list["Json"] | dict[str, "Json"] | None

_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
_EXACT_EVERYWHERE: Final = 2**53


def number(value: int) -> int | str:
    """Return an integer, as text where other readers of JSON would lose digits."""
    return value if -_EXACT_EVERYWHERE <= value <= _EXACT_EVERYWHERE else str(value)


def dumps(value: Json) -> str:
    """Return the canonical JSON of a value."""
    return _ENCODER.encode(value)
