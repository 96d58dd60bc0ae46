"""The contract over gRPC. Requests stay bytes until their signature is checked."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import grpc

from pitboss_reference_wallet.door import Door, MalformedError, UnauthenticatedError
from pitboss_reference_wallet.faults import LostError
from pitboss_reference_wallet.service import SERVICE, RequestInvalidError
from pitboss_sdk.request_signature import HEADER

_THREADS = 16


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, door: Door) -> None:
        self._door = door

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        service, _, method = handler_call_details.method[1:].partition("/")
        if service != SERVICE or method not in self._door.wallet.methods:
            return None
        return grpc.unary_unary_rpc_method_handler(self._call(method))

    def _call(self, method: str) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        def call(body: bytes, context: grpc.ServicerContext) -> bytes:
            signatures = [value for key, value in context.invocation_metadata() if key == HEADER]
            try:
                self._door.verify(method, body, str(signatures[0]) if signatures else None)
                answer, fault = self._door.answer(method, self._door.parse(method, body))
            except UnauthenticatedError:
                _abort(context, grpc.StatusCode.UNAUTHENTICATED, "the signature is missing or wrong")
            except MalformedError:
                _abort(context, grpc.StatusCode.INVALID_ARGUMENT, "not a message of this contract")
            except RequestInvalidError as error:
                _abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
            except LostError:
                _abort(context, grpc.StatusCode.UNAVAILABLE, "try again")
            if fault == "reset":
                context.cancel()
            return b"\xff\xff<html>" if fault == "garbage" else bytes(answer.SerializeToString())

        return call


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, text: str) -> NoReturn:
    context.abort(code, text)
    raise AssertionError


def create(door: Door, address: str, credentials: grpc.ServerCredentials | None) -> tuple[grpc.Server, int]:
    """A server that is not started yet, and its port."""
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers([_Handler(door)])
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    if not port:
        raise OSError(f"cannot listen on {address}")
    return server, port
