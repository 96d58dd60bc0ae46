"""Texts that go to the database: arrays and numbered statements."""

import re

import pytest

from wallet_svc.store.arrays import blobs, flags, numbers, texts
from wallet_svc.store.statements import STATEMENTS, statement


def test_numbers_are_written_plainly() -> None:
    assert numbers([1, -2, None, 2**70]) == "{1,-2,NULL," + str(2**70) + "}"


def test_texts_are_quoted_whatever_is_in_them() -> None:
    assert texts(["a", None, 'q"b\\', "NULL", "", "x,{}\n"]) == '{"a",NULL,"q\\"b\\\\","NULL","","x,{}\n"}'


def test_blobs_are_hexadecimal() -> None:
    assert blobs([b"\x00\xff", None, b""]) == '{"\\\\x00ff",NULL,"\\\\x"}'


def test_flags_are_letters() -> None:
    assert flags([True, False]) == "{t,f}"


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
