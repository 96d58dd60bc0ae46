"""The yardstick of unary RPCs: an empty method on a bare grpc.aio server with the same transport security."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import grpc
import grpc.aio

from mesh.tls import Tls

METHOD = "/bench.Echo/Call"


class _Echo(grpc.GenericRpcHandler):
    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        if handler_call_details.method != METHOD:
            return None

        async def call(request: bytes, context: object) -> bytes:
            del context
            return request

        return grpc.unary_unary_rpc_method_handler(call)


async def _serve(address: str, tls: Path) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Echo(),))
    server.add_secure_port(address, Tls.load(tls).server_credentials())
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    import uvloop

    uvloop.install()
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2])))
