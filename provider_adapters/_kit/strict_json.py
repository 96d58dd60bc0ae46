"""JSON as a signed message must be: UTF-8, one object, every name once, numbers that are what they say.

`json` of the standard library alone accepts duplicate names, NaN, and lone surrogates.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

import orjson


class NotParseableError(Exception):
    """The bytes are not the format at all."""


def parse_object(body: bytes) -> dict[str, Any]:
    """The object in `body`. Fractions become `Decimal`, so no number is ever a float."""
    value = _parse(body)
    if not isinstance(value, dict):
        raise NotParseableError("not an object")
    return value


def parse_list(body: bytes) -> list[dict[str, Any]]:
    """The list of objects in `body`, by the same rules."""
    value = _parse(body)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise NotParseableError("not a list of objects")
    return value


def write_exact(content: Mapping[str, Any]) -> bytes:
    """An object as JSON, decimals digit by digit: a float would round them."""
    return orjson.dumps(content, default=_digits)


def _digits(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(type(value).__name__)


def _parse(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NotParseableError(type(error).__name__) from error
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotParseableError("a name is there twice")
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise NotParseableError("not a number")


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotParseableError("half a character") from error
