from __future__ import annotations

import pytest

from provider_adapters._kit.strict_form import decode, parse_pairs
from provider_adapters._kit.strict_json import NotParseableError


def test_pairs_keep_the_spelling_of_the_wire() -> None:
    assert parse_pairs(b"note=a+b&x=%2f") == [("note", "a+b"), ("x", "%2f")]


def test_decoding_undoes_the_form_encoding() -> None:
    assert decode(parse_pairs(b"note=a+b&x=%2F&empty=")) == {"note": "a b", "x": "/", "empty": ""}


@pytest.mark.parametrize("body", [b"a=1&a=1", b"a=1&%61=2", b"a", b"a=%ff", "a=é".encode(), b"a=1&" * 65 + b"b=1"])
def test_what_is_not_a_clean_form_is_refused(body: bytes) -> None:
    with pytest.raises(NotParseableError):
        decode(parse_pairs(body))
