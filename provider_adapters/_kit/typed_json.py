"""A JSON object into a frozen dataclass, field for field, with nothing guessed.

A field's type is its rule: `str`, `int`, `bool`, `Decimal` (any JSON number), another such dataclass, each also
`| None` for optional ones, and `Annotated` with `Text` or `Whole` for bounds. Unknown fields are ignored,
because vendors add them.
"""

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

T = TypeVar("T")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DEFAULT_LENGTH = 1024

_Plan = tuple[tuple[str, Callable[[Any], bool], bool, type[Any] | None], ...]
_plans: dict[type[Any], _Plan] = {}


class FieldInvalidError(Exception):
    """A field is missing or has a wrong type or value. Carries the field's name, never its value."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Text:
    """Bounds of a text. Control characters are never allowed."""

    longest: int = _DEFAULT_LENGTH
    shortest: int = 0


@dataclass(frozen=True, slots=True)
class Whole:
    """Bounds of a whole number."""

    least: int
    most: int


def build(cls: type[T], content: Mapping[str, Any]) -> T:
    """The dataclass, or FieldInvalidError for the first field that is not right."""
    values = {}
    for name, accepts, required, inner in _plan(cls):
        value = content.get(name)
        if value is None and not required:
            continue
        if not accepts(value):
            raise FieldInvalidError(name)
        values[name] = value if inner is None else _inside(name, inner, value)
    return cls(**values)


def _plan(cls: type[Any]) -> _Plan:
    if cls not in _plans:
        hints = typing.get_type_hints(cls, include_extras=True)
        _plans[cls] = tuple(
            (field.name, _rule(hints[field.name]), field.default is dataclasses.MISSING, _inner(hints[field.name]))
            for field in dataclasses.fields(cls)
        )
    return _plans[cls]


def _inside(name: str, cls: type[T], value: Any) -> T:  # noqa: ANN401 - an object, as its rule says
    try:
        return build(cls, value)
    except FieldInvalidError as error:
        raise FieldInvalidError(f"{name}.{error.field}") from None


def _bare(hint: Any) -> Any:  # noqa: ANN401 - a type hint is anything
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        return next(member for member in typing.get_args(hint) if member is not types.NoneType)
    return hint


def _inner(hint: Any) -> type[Any] | None:  # noqa: ANN401 - as above
    bare = _bare(hint)
    return bare if isinstance(bare, type) and dataclasses.is_dataclass(bare) else None


def _rule(hint: Any) -> Callable[[Any], bool]:  # noqa: ANN401, PLR0911 - as above; one line for each kind
    hint = _bare(hint)
    base, *bounds = typing.get_args(hint) if typing.get_origin(hint) is typing.Annotated else (hint,)
    if base is str:
        return functools.partial(_is_text, bounds[0] if bounds else Text())
    if base is int:
        return functools.partial(_is_whole, bounds[0] if bounds else Whole(-(2**63), 2**63 - 1))
    if base is bool:
        return _is_flag
    if base is Decimal:
        return _is_number
    if dataclasses.is_dataclass(base):
        return _is_object
    origin = typing.get_origin(base)
    if origin is dict:
        return _is_object
    if origin is list and typing.get_args(base) == (str,):
        return _is_texts
    if origin is list and typing.get_origin(typing.get_args(base)[0]) is dict:
        return _is_objects
    message = f"no rule for {hint}"
    raise TypeError(message)


def _is_flag(value: object) -> bool:
    return type(value) is bool


def _is_number(value: object) -> bool:
    return type(value) is int or type(value) is Decimal


def _is_object(value: object) -> bool:
    return type(value) is dict


def _is_texts(value: object) -> bool:
    return type(value) is list and all(_is_text(Text(), item) for item in value)


def _is_objects(value: object) -> bool:
    return type(value) is list and all(type(item) is dict for item in value)


def _is_text(bounds: Text, value: object) -> bool:
    return type(value) is str and bounds.shortest <= len(value) <= bounds.longest and _CONTROL.search(value) is None


def _is_whole(bounds: Whole, value: object) -> bool:
    # `type() is`: True is an int to isinstance, and a provider that sends true means something else.
    return type(value) is int and bounds.least <= value <= bounds.most
