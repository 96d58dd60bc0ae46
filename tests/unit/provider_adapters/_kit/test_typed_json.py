from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import pytest

from provider_adapters._kit.typed_json import FieldInvalidError, Text, Whole, build


@dataclass(frozen=True, kw_only=True)
class Message:
    name: Annotated[str, Text(shortest=1, longest=4)]
    amount: Annotated[int, Whole(0, 10)]
    flag: bool
    note: str | None = None
    meta: dict[str, object] | None = None
    tags: list[str] | None = None


RIGHT = {"name": "abc", "amount": 3, "flag": True}


def test_fields_are_taken_over_and_unknown_ones_ignored() -> None:
    assert build(Message, {**RIGHT, "new": 1}) == Message(name="abc", amount=3, flag=True)


def test_an_optional_field_may_be_null() -> None:
    assert build(Message, {**RIGHT, "note": None}).note is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "abcde"),
        ("name", 1),
        ("name", None),
        ("name", "a\n"),
        ("name", "a\x00"),
        ("amount", -1),
        ("amount", 11),
        ("amount", True),
        ("amount", 1.0),
        ("amount", "1"),
        ("flag", 1),
        ("flag", "true"),
        ("note", 5),
        ("meta", []),
        ("tags", [1]),
        ("tags", {}),
    ],
)
def test_a_wrong_type_or_value_names_its_field(field: str, value: Any) -> None:
    with pytest.raises(FieldInvalidError) as raised:
        build(Message, {**RIGHT, field: value})
    assert raised.value.field == field


@pytest.mark.parametrize("field", RIGHT)
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(FieldInvalidError) as raised:
        build(Message, {name: value for name, value in RIGHT.items() if name != field})
    assert raised.value.field == field


@dataclass(frozen=True, kw_only=True)
class Inner:
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Outer:
    inner: Inner
    other: Inner | None = None


def test_an_object_inside_is_a_message_too() -> None:
    content = {"inner": {"amount": Decimal("1.250000")}, "other": None}
    assert build(Outer, content) == Outer(inner=Inner(amount=Decimal("1.250000")))


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({}, "inner"),
        ({"inner": []}, "inner"),
        ({"inner": {}}, "inner.amount"),
        ({"inner": {"amount": "1"}}, "inner.amount"),
        ({"inner": {"amount": True}}, "inner.amount"),
        ({"inner": {"amount": 1}, "other": {"amount": None}}, "other.amount"),
    ],
)
def test_a_wrong_field_inside_is_named_with_its_way(content: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldInvalidError) as raised:
        build(Outer, content)
    assert raised.value.field == field
