from __future__ import annotations

from decimal import Decimal

import pytest

from provider_adapters._kit.strict_json import NotParseableError, parse_list, parse_object


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[1]",
        b'"text"',
        b"{",
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1}{"b":2}',
        b'{"a":01}',
        b'{"a":"\\ud800"}',
        b'{"a":"\n"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b"<html>",
    ],
)
def test_what_is_not_one_clean_object_is_refused(body: bytes) -> None:
    with pytest.raises(NotParseableError):
        parse_object(body)


def test_a_fraction_is_an_exact_decimal_and_a_whole_number_an_integer() -> None:
    found = parse_object(b'{"a":0.1,"b":1e2,"c":12}')
    assert found == {"a": Decimal("0.1"), "b": Decimal("1E+2"), "c": 12}
    assert [type(value) for value in found.values()] == [Decimal, Decimal, int]


def test_escaped_and_plain_characters_are_the_same_text() -> None:
    assert parse_object(b'{"a":"\\u00e9\\ud83c\\udfb0"}') == parse_object('{"a":"é🎰"}'.encode())


def test_a_list_holds_objects_only() -> None:
    assert parse_list(b'[{"a":1}]') == [{"a": 1}]
    with pytest.raises(NotParseableError):
        parse_list(b"[1]")
