"""Which groups are left to kill."""

from __future__ import annotations

from mesh.dev.guard import remaining


def test_a_group_that_was_announced_is_left() -> None:
    assert remaining(["+12\n", "+34\n"]) == {12, 34}


def test_a_group_that_ended_is_not_left_because_its_number_may_belong_to_another_by_then() -> None:
    assert remaining(["+12\n", "+34\n", "-12\n"]) == {34}


def test_a_group_announced_again_is_left() -> None:
    assert remaining(["+12\n", "-12\n", "+12\n"]) == {12}


def test_taking_back_what_was_never_announced_changes_nothing() -> None:
    assert remaining(["-99\n", "+12\n"]) == {12}
