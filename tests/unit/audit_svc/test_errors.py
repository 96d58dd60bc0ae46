"""Every reason of the service is in the contract, and the other way round."""

from __future__ import annotations

from audit_svc import errors
from mesh.errors import MeshError
from pitboss.audit.v1 import error_reason_pb2


def test_reasons_are_those_of_the_contract() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, MeshError)]
    ours = {each.reason for each in classes if each is not MeshError}
    assert ours | {"ERROR_REASON_UNSPECIFIED"} == set(error_reason_pb2.ErrorReason.keys())
