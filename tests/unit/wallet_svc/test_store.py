"""Texts that go to the database: arrays and numbered statements."""

import re
from typing import Any

import pytest

from mesh.arrays import blobs, column, flags, numbers, texts
from wallet_svc.store.statements import STATEMENTS, statement


def test_numbers_are_written_plainly() -> None:
    assert numbers([1, -2, None, 2**70]) == "{1,-2,NULL," + str(2**70) + "}"


def test_texts_are_quoted_whatever_is_in_them() -> None:
    assert texts(["a", None, 'q"b\\', "NULL", "", "x,{}\n"]) == '{"a",NULL,"q\\"b\\\\","NULL","","x,{}\n"}'


def test_blobs_are_hexadecimal() -> None:
    assert blobs([b"\x00\xff", None, b""]) == '{"\\\\x00ff",NULL,"\\\\x"}'


def test_flags_are_letters() -> None:
    assert flags([True, False]) == "{t,f}"


@pytest.mark.parametrize(
    "values",
    [
        [1, None, -2],
        ["a", None, "NULL", "null", "", "x,{}"],
        ['q"b\\', "\n", None],
        ["\u2028", "ünïcödé 🎰"],
        [2**63 - 1, -(2**63)],
    ],
)
def test_a_column_is_written_as_its_kind_of_array(values: list[Any]) -> None:
    write = texts if any(isinstance(value, str) for value in values) else numbers
    assert (column(values) or "").replace("null", "NULL") == write(values).replace("null", "NULL")


def test_a_column_of_nothing_is_no_array() -> None:
    assert column([None, None]) is None


@pytest.mark.parametrize("write", [numbers, texts, blobs, flags])
def test_nothing_is_an_empty_array(write: object) -> None:
    assert callable(write)
    assert write([]) == "{}"


def test_parameters_are_numbered_in_their_order_of_appearance() -> None:
    made = statement("SELECT %(b)s, %(a)s, %(b)s, 5 %% 2")
    assert (made.text, made.names) == (b"SELECT $1, $2, $1, 5 % 2", ("b", "a"))
    assert made.values({"a": 1, "b": 2, "c": 3}) == [2, 1]


def test_a_missing_parameter_is_an_error() -> None:
    with pytest.raises(KeyError):
        statement("SELECT %(a)s").values({})


def test_every_named_statement_is_numbered() -> None:
    assert "read_heads" in STATEMENTS
    for name, made in STATEMENTS.items():
        assert b"%(" not in made.text, name
        assert {int(number) for number in re.findall(rb"\$(\d+)", made.text)} == set(range(1, len(made.names) + 1))
