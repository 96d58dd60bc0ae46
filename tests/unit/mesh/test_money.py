from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.money import MAX_MINOR, MIN_MINOR, AmountError, to_minor, to_text

EXPONENTS = st.integers(0, 18)
AMOUNTS = st.integers(MIN_MINOR, MAX_MINOR)


@pytest.mark.parametrize(
    ("text", "exponent", "minor"),
    [
        ("12.50", 6, 12_500_000),
        ("12.5", 2, 1250),
        ("12", 2, 1200),
        ("0", 0, 0),
        ("0.000001", 6, 1),
        ("-0.01", 2, -1),
        ("-0", 2, 0),
        ("007", 0, 7),
        ("10.000", 2, 1000),
        ("100.000000000000000000", 0, 100),
        ("92233720368.54775807", 8, MAX_MINOR),
        ("-92233720368.54775808", 8, MIN_MINOR),
        ("0.000000000000000002", 18, 2),
    ],
)
def test_an_amount_becomes_the_integer_it_stands_for(text: str, exponent: int, minor: int) -> None:
    assert to_minor(text, exponent) == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+1",
        "1 ",
        " 1",
        "1e2",
        "1E2",
        ".5",
        "5.",
        "-",
        "-.5",
        "1,5",
        "1.2.3",
        "--1",
        "1_000",
        "0x1",
        "NaN",
        "Infinity",
        "\u0661\u0662",
        "\uff11\uff12",
        "1\n",
        "\n1",
        "1.5\n",
        "1" * 21,
        "0." + "0" * 19,
        "1.-5",
    ],
)
def test_what_is_not_a_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(AmountError):
        to_minor(text, 18)


@pytest.mark.parametrize(
    ("text", "exponent"),
    [
        ("10.005", 2),
        ("0.5", 0),
        ("0.0000001", 6),
        ("92233720368.54775808", 8),
        ("-92233720368.54775809", 8),
        ("99999999999999999999", 0),
        ("10", 18),
    ],
)
def test_what_the_asset_cannot_hold_exactly_is_refused(text: str, exponent: int) -> None:
    with pytest.raises(AmountError):
        to_minor(text, exponent)


@pytest.mark.parametrize(
    ("minor", "exponent", "digits", "text"),
    [
        (12_500_000, 6, 2, "12.50"),
        (12_000_000, 6, 2, "12.00"),
        (12_345_678, 6, 2, "12.345678"),
        (12_340_000, 6, 2, "12.34"),
        (12_000_000, 6, 0, "12"),
        (12_500_000, 6, 0, "12.5"),
        (-1, 6, 2, "-0.000001"),
        (0, 2, 2, "0.00"),
        (99, 0, 2, "99"),
        (99, 0, 0, "99"),
        (10_000, 4, 0, "1"),
        (999, 3, 3, "0.999"),
        (7, 1, 2, "0.7"),
        (MAX_MINOR, 8, 8, "92233720368.54775807"),
        (MIN_MINOR, 18, 18, "-9.223372036854775808"),
    ],
)
def test_text_shows_what_matters_and_at_least_the_customary_digits(
    minor: int, exponent: int, digits: int, text: str
) -> None:
    assert to_text(minor, exponent, digits) == text


@given(AMOUNTS, EXPONENTS, EXPONENTS)
def test_text_and_back_is_the_same_amount(minor: int, exponent: int, digits: int) -> None:
    assert to_minor(to_text(minor, exponent, digits), exponent) == minor


@given(AMOUNTS, EXPONENTS, EXPONENTS)
def test_text_is_the_exact_value(minor: int, exponent: int, digits: int) -> None:
    assert Decimal(to_text(minor, exponent, digits)).as_tuple() is not None
    assert Decimal(to_text(minor, exponent, digits)) == Decimal(minor).scaleb(-exponent)


@given(st.text(alphabet="0123456789.-+eE _,", max_size=30), EXPONENTS)
def test_whatever_is_accepted_has_exactly_its_decimal_value(text: str, exponent: int) -> None:
    try:
        minor = to_minor(text, exponent)
    except AmountError:
        return
    assert Decimal(minor) == Decimal(text).scaleb(exponent)
