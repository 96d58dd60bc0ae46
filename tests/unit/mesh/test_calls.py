from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import grpc
import pytest

from mesh.calls import Method
from mesh.desk import Desk
from mesh.errors import DeadlineExceededError
from mesh.handlers import HandlerTable
from mesh.identity import Policy
from mesh.metrics import Registry
from mesh.server import MeshServer, Parts, Service
from mesh.settings import ProcessSettings

SERVICE = "pitboss.test.v1.EchoService"
SETTINGS = ProcessSettings(listen="127.0.0.1:0", environment="development", insecure_loopback=True)


class Context:
    """A call with this much time left."""

    def __init__(self, remaining: float | None) -> None:
        self._remaining = remaining

    def peer_identities(self) -> Iterable[bytes] | None:
        return None

    def peer_identity_key(self) -> str | None:
        return None

    def time_remaining(self) -> float | None:
        return self._remaining


async def unary(request: bytes, context: Any) -> bytes:
    return request


async def sending(request: bytes, context: Any) -> AsyncIterator[bytes]:
    yield request


def blocking(request: bytes, context: Any) -> bytes:
    return request


def method(settings: ProcessSettings = SETTINGS, handler: Any = None) -> Method:
    desk = Desk(settings, Policy({SERVICE: {"platform"}}), Registry())
    return Method(desk, SERVICE, "Unary", handler or grpc.unary_unary_rpc_method_handler(unary))


def add_to_server(servicer: object, target: Any) -> None:
    target.add_registered_method_handlers(SERVICE, {"Unary": grpc.unary_unary_rpc_method_handler(unary)})


def test_a_call_whose_deadline_has_passed_is_not_begun() -> None:
    metadata = [("x-pitboss-workload", "platform")]
    with pytest.raises(DeadlineExceededError):
        method().admit(metadata, Context(0.0))
    assert method().admit(metadata, Context(0.1)).deadline_s == 0.1


@pytest.mark.parametrize(("deadline_s", "limit_s"), [(None, 10.0), (5.0, None), (60.0, None), (60.1, 60.0)])
def test_the_server_limits_only_calls_whose_caller_does_not(deadline_s: float | None, limit_s: float | None) -> None:
    assert method().time_limit(deadline_s) == limit_s


@pytest.mark.parametrize(
    "handler",
    [
        grpc.unary_unary_rpc_method_handler(blocking),
        grpc.stream_unary_rpc_method_handler(blocking),
        grpc.unary_stream_rpc_method_handler(unary),
        grpc.stream_stream_rpc_method_handler(blocking),
        grpc.unary_unary_rpc_method_handler(sending),
    ],
)
def test_a_servicer_that_would_block_the_loop_cannot_be_registered(handler: Any) -> None:
    with pytest.raises(TypeError, match="EchoService/Unary is not"):
        method(handler=handler)


def test_a_method_that_nobody_serves_has_no_handler() -> None:
    class Details:
        method = "/nobody/Serves"

    assert HandlerTable().service(Details()) is None


@pytest.mark.parametrize(
    ("name", "policy", "complaint"),
    [
        (SERVICE, Policy({}), "no policy says who may call"),
        (SERVICE, Policy({SERVICE: {"platform"}, f"{SERVICE}/Unray": {"gateway"}}), "which nobody serves"),
        (SERVICE, Policy({SERVICE: {"platform"}}, scopes={"other": "wallet"}), "which nobody serves"),
        ("pitboss.test.v1.Echo", Policy({SERVICE: {"platform"}}), "and registered"),
    ],
)
async def test_a_misspelt_name_is_found_before_the_first_call(name: str, policy: Policy, complaint: str) -> None:
    parts = Parts(services=[Service(name=name, add=add_to_server, servicer=object())], policy=policy)
    with pytest.raises(ValueError, match=complaint):
        MeshServer(SETTINGS, parts, Registry())
