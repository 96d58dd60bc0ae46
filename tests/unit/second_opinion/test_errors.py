"""Every reason of the contract has its error, and the other way round."""

from __future__ import annotations

from mesh.errors import MeshError
from mesh.second_opinion import errors
from pitboss.proof.v1.error_reason_pb2 import ErrorReason

OWN = [
    one
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, MeshError) and one.__module__ == errors.__name__
]


def test_the_errors_are_those_of_the_contract() -> None:
    assert {one.reason for one in OWN} == set(ErrorReason.keys()) - {"ERROR_REASON_UNSPECIFIED"}
