from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from mesh import errors
from mesh.errors import Kind, MeshError
from mesh.status import CODES, DETAILS_KEY, read_error, to_status, trailing_metadata
from pitboss.type.v1.error_reason_pb2 import ErrorReason

REASONS = set(ErrorReason.keys()) - {"ERROR_REASON_UNSPECIFIED"}


class PlayerNotFoundError(MeshError):
    """The licensee has no such player.

    More for whoever reads the code.
    """

    kind = Kind.NOT_FOUND
    reason = "ERROR_REASON_PLAYER_NOT_FOUND"


class Failed(grpc.RpcError):
    """A failure as gRPC's client raises it."""

    def __init__(self, *trailers: tuple[str, str | bytes]) -> None:
        self._trailers = trailers

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.NOT_FOUND

    def details(self) -> str:
        return "text"

    def trailing_metadata(self) -> Any:
        return self._trailers


def every_error() -> list[type[MeshError]]:
    return [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, MeshError)]


def test_the_message_is_the_first_line_of_the_docstring() -> None:
    assert str(PlayerNotFoundError(player_id="pl-1")) == "The licensee has no such player."


@pytest.mark.parametrize("error", every_error())
def test_each_reason_is_in_the_contract(error: type[MeshError]) -> None:
    assert error.reason in REASONS


def test_each_reason_of_the_contract_has_its_error() -> None:
    assert {error.reason for error in every_error()} == REASONS


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_is_the_status_code_of_the_same_name_and_number(kind: Kind) -> None:
    assert (CODES[kind].name, CODES[kind].value[0]) == (kind.name, kind.value)


def test_an_error_is_the_same_after_the_wire() -> None:
    error = PlayerNotFoundError(player_id="pl-1", violations=[("player_id", "unknown")], retry_after=0.25)
    told = read_error(Failed(*trailing_metadata(error, "req-1")))
    assert (told.code, told.message) == (grpc.StatusCode.NOT_FOUND, "text")
    assert told.reason == "ERROR_REASON_PLAYER_NOT_FOUND"
    assert told.metadata == {"player_id": "pl-1", "request_id": "req-1"}
    assert told.violations == (("player_id", "unknown"),)
    assert told.retry_after == 0.25


def test_only_the_details_that_there_are_are_sent() -> None:
    status = to_status(PlayerNotFoundError())
    assert [detail.type_url for detail in status.details] == ["type.googleapis.com/google.rpc.ErrorInfo"]
    assert status.code == grpc.StatusCode.NOT_FOUND.value[0]


def test_reasons_of_another_domain_are_not_ours() -> None:
    status = status_pb2.Status()
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="API_DISABLED", domain="elsewhere.example"))
    told = read_error(Failed((DETAILS_KEY, status.SerializeToString())))
    assert (told.reason, told.metadata) == ("", {})


@pytest.mark.parametrize("trailers", [(), ((DETAILS_KEY, b"\xff\xff"),), ((DETAILS_KEY, "text"),), (("x", b"1"),)])
def test_a_failure_without_readable_details_has_only_its_code(trailers: tuple[tuple[str, str | bytes], ...]) -> None:
    told = read_error(Failed(*trailers))
    assert (told.code, told.message, told.reason) == (grpc.StatusCode.NOT_FOUND, "text", "")


def test_data_given_to_one_error_is_not_seen_in_another() -> None:
    first, second = PlayerNotFoundError(player_id="1"), PlayerNotFoundError()
    assert (first.metadata, second.metadata) == ({"player_id": "1"}, {})
