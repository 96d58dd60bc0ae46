"""Forms in, JSON out, both strict."""

from decimal import Decimal
from urllib.parse import urlencode

import pytest

from provider_adapters.pragmatic_style import wire
from tests.unit.provider_adapters.pragmatic_style.fakes import BET, without


def form_of(text: str) -> wire.Form:
    return wire.parse_form(text.encode())


@pytest.mark.parametrize(
    "body",
    [
        b"userId=a&userId=b",
        b"userId=a&user%49d=b",
        b"userId=%",
        b"userId=%4",
        b"userId=%zz",
        b"us%er=a",
        b"userId=%ff",
        b"userId=\xff",
        b"userId",
        b"userId=a&",
        b"&".join(b"f%d=1" % number for number in range(80)),
        b'{"userId": "a"}',
    ],
)
def test_what_is_not_one_clean_form_is_refused(body: bytes) -> None:
    with pytest.raises(wire.NotParseableError):
        wire.parse_form(body)


def test_a_form_keeps_both_spellings() -> None:
    form = form_of("roundDetails=a+b%26c")
    assert form.pairs == (("roundDetails", "a+b%26c"),)
    assert form.fields == {"roundDetails": "a b&c"}


@pytest.mark.parametrize("name", sorted(BET))
def test_a_missing_or_empty_field_is_refused_by_name(name: str) -> None:
    for fields in (without(BET, name), {**BET, name: ""}):
        with pytest.raises(wire.FieldError, match=name):
            wire.from_form(wire.BetRequest, form_of(urlencode(fields)))


def test_a_field_that_this_provider_does_not_have_is_refused() -> None:
    with pytest.raises(wire.FieldError):
        wire.from_form(wire.BetRequest, form_of(urlencode({**BET, "isAdmin": "1"})))


def test_a_field_of_another_message_is_left_alone() -> None:
    request = wire.from_form(wire.BetRequest, form_of(urlencode({**BET, "platform": "WEB", "language": "en"})))
    assert request.reference == "ref-0001"


def test_decimals_are_written_digit_by_digit() -> None:
    reply = wire.BalanceReply(
        currency="EUR",
        cash=Decimal("92233720368547758.07"),
        bonus=Decimal("0.00"),
        error=0,
        description='say "hi"',
    )
    assert wire.to_json(reply) == (
        b'{"currency":"EUR","cash":92233720368547758.07,"bonus":0.00,"error":0,"description":"say \\"hi\\""}'
    )


def test_small_decimals_get_no_exponent() -> None:
    reply = wire.EndRoundReply(cash=Decimal("1E+2"), bonus=Decimal("0E-7"), error=0, description="")
    assert wire.to_json(reply) == b'{"cash":100,"bonus":0.0000000,"error":0,"description":""}'
