"""The schema check finds what the API server would refuse."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mesh.tooling.manifests import problems

SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "wallet"},
    "spec": {"ports": [{"port": 8443}]},
}


def test_a_right_object_has_no_problems() -> None:
    assert list(problems(SERVICE)) == []


@pytest.mark.parametrize("spoil", [{"ports": [{"port": "many"}]}, {"prots": []}], ids=["wrong type", "unknown field"])
def test_a_wrong_object_is_named(spoil: dict[str, Any]) -> None:
    wrong = copy.deepcopy(SERVICE)
    wrong["spec"].update(spoil)
    (problem,) = problems(wrong)
    assert problem.startswith("Service wallet: ")


def test_an_unknown_kind_is_a_problem_and_not_ignored() -> None:
    assert list(problems({**SERVICE, "kind": "Sevrice"}))
