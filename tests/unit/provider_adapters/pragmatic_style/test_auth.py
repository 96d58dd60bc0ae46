"""The hash: published vectors first, then every way to get it wrong."""

from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_adapters.pragmatic_style import auth, wire
from provider_adapters.pragmatic_style.auth import Spelling

SECRET = "testKey"
BET = {
    "userId": "pl-7001",
    "gameId": "vs20demo",
    "roundId": "5500100",
    "amount": "1.25",
    "reference": "ref-0001",
    "providerId": "pragmaticplay",
    "timestamp": "1767225600000",
    "roundDetails": "spin",
    "bonusCode": "",
}
BET_HASH = "483fa695c4af6860fe26df21aca726ad"
PROMO = {
    "amount": "10.00",
    "campaignId": "77",
    "campaignType": "T",
    "currency": "EUR",
    "note": "a b",
    "providerId": "pragmaticplay",
    "reference": "ref-0009",
    "timestamp": "1767225600000",
    "userId": "pl-7001",
}
PROMO_PLAIN = "5737e936ca69ce4ca4d77f0957385bf1"
PROMO_ENCODED = "81fc3bde1ce2943f6107bd8c2bf5c514"


def verified(fields: dict[str, str], given_hash: str, secret: str = SECRET) -> Spelling | None:
    form = wire.parse_form(urlencode({**fields, "hash": given_hash}).encode())
    return auth.verify(form.pairs, form.fields, [secret])


def test_the_vector_of_a_bet_leaves_out_its_empty_field() -> None:
    assert auth.sign(BET, SECRET) == BET_HASH
    assert verified(BET, BET_HASH) is Spelling.PLAIN


def test_the_vector_with_a_plain_space_is_told_apart() -> None:
    assert auth.sign(PROMO, SECRET, Spelling.PLAIN) == PROMO_PLAIN
    assert verified(PROMO, PROMO_PLAIN) is Spelling.PLAIN


def test_the_vector_with_an_encoded_space_is_told_apart() -> None:
    assert auth.sign(PROMO, SECRET, Spelling.ENCODED) == PROMO_ENCODED
    assert verified(PROMO, PROMO_ENCODED) is Spelling.ENCODED


def test_encoded_means_as_it_stood_on_the_wire() -> None:
    # This sender hashes "%20" where most write "+".
    text = "note=a%20b&reference=ref-1"
    given_hash = auth.digest([("note", "a%20b"), ("reference", "ref-1")], SECRET)
    form = wire.parse_form(f"{text}&hash={given_hash}".encode())
    assert auth.verify(form.pairs, form.fields, [SECRET]) is Spelling.ENCODED


def test_a_hash_in_upper_case_is_as_good() -> None:
    assert verified(BET, BET_HASH.upper()) is Spelling.PLAIN
    assert verified(PROMO, PROMO_ENCODED.upper()) is Spelling.ENCODED


@pytest.mark.parametrize("wrong", ["", "0", BET_HASH[:-1], BET_HASH[:-1] + "0", BET_HASH + "0", "é" * 32, PROMO_PLAIN])
def test_another_hash_is_refused(wrong: str) -> None:
    assert verified(BET, wrong) is None


def test_another_secret_is_refused() -> None:
    assert verified(BET, BET_HASH, "testkey") is None


def test_the_next_secret_is_accepted_beside_the_present_one() -> None:
    form = wire.parse_form(urlencode({**BET, "hash": BET_HASH}).encode())
    assert auth.verify(form.pairs, form.fields, ["present", SECRET]) is Spelling.PLAIN
    assert auth.verify(form.pairs, form.fields, ["present", "next"]) is None


@pytest.mark.parametrize("name", [name for name in BET if BET[name]])
def test_a_change_of_any_field_is_refused(name: str) -> None:
    assert verified({**BET, name: BET[name] + "1"}, BET_HASH) is None


def test_an_added_field_is_refused_and_an_added_empty_one_is_not() -> None:
    assert verified({**BET, "platform": "WEB"}, BET_HASH) is None
    assert verified({**BET, "platform": ""}, BET_HASH) is Spelling.PLAIN


def test_fields_are_sorted_by_name_and_not_by_the_joined_text() -> None:
    # "a1=x" is before "a=x" as text, because "1" is before "=".
    assert auth.digest([("a1", "x"), ("a", "x")], "s") == auth.digest([("a", "x"), ("a1", "x")], "s")
    assert auth.digest([("a1", "x"), ("a", "x")], "s") == "2a03434d129c2924e40b627f2b10cd89"


def test_a_signed_form_leaves_out_empty_fields() -> None:
    form = dict(parse_qsl(auth.signed_form(BET, SECRET).decode(), keep_blank_values=True))
    assert "bonusCode" not in form
    assert form["hash"] == BET_HASH


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.dictionaries(st.sampled_from(sorted(wire.KNOWN_FIELDS - {"hash"})), _TEXTS), st.sampled_from(Spelling))
def test_what_we_sign_verifies_in_the_same_spelling_or_does_not_differ(
    fields: dict[str, str], spelling: Spelling
) -> None:
    form = wire.parse_form(auth.signed_form(fields, SECRET, spelling))
    same = all(quote_plus(value) == value for value in fields.values())
    assert auth.verify(form.pairs, form.fields, [SECRET]) is (Spelling.PLAIN if same else spelling)
