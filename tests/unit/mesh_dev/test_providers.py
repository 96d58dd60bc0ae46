"""Which providers a stack starts."""

from __future__ import annotations

import pytest

from mesh.dev.errors import StackError
from mesh.dev.providers import ALL, choose, discover


def test_by_default_those_that_nobody_has_to_ask_for() -> None:
    assert {one.name for one in choose(frozenset())} == {one.name for one in discover() if not one.on_request}


def test_exactly_those_that_were_asked_for() -> None:
    assert [one.name for one in choose(frozenset({"nolimit_style"}))] == ["nolimit_style"]


def test_all_of_them() -> None:
    assert choose(frozenset({ALL})) == discover()


def test_one_that_does_not_exist_is_named() -> None:
    with pytest.raises(StackError, match="no_such_style"):
        choose(frozenset({"no_such_style", "hub88_style"}))
