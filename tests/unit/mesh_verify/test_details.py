"""Details that somebody has changed stop no check."""

from __future__ import annotations

import pytest

from mesh.verify.details import details_of


@pytest.mark.parametrize("text", [None, "", "{", "[1]", "1", '"x"', "null", '{"a": tru}', "\x00"])
def test_what_cannot_be_read_is_nothing(text: str | None) -> None:
    assert details_of(text) == {}


def test_what_can_be_read_is_there() -> None:
    assert details_of('{"stake":"b1"}') == {"stake": "b1"}
