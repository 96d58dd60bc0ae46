"""A wallet that decides nothing and stores nothing: the yardstick of callbacks. Every action is accepted at once."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import grpc
import grpc.aio

from mesh.tls import Tls
from pitboss.type.v1.money_pb2 import Money
from pitboss.type.v1.outcome_pb2 import Outcome, OutcomeClass
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2

CURRENCY = "GBP"
_LEDGER = "/pitboss.wallet.v1.LedgerService/"


def answers() -> dict[str, bytes]:
    """The constant answer of each method."""
    money = Money(currency_code=CURRENCY, amount="1000.00")
    now = action_pb2.Balances(available=money)
    result = action_pb2.Result(
        outcome=Outcome.OUTCOME_OK,
        outcome_class=OutcomeClass.OUTCOME_CLASS_SUCCESS,
        transaction_id="0-1",
        balance_at_commit=money,
        balance_now=now,
        round_state=action_pb2.ROUND_STATE_OPEN,
    )
    return {
        f"{_LEDGER}Execute": ledger_service_pb2.ExecuteResponse(result=result).SerializeToString(),
        f"{_LEDGER}GetBalance": ledger_service_pb2.GetBalanceResponse(balances=now).SerializeToString(),
    }


class _Constant(grpc.GenericRpcHandler):
    def __init__(self) -> None:
        self._handlers = {method: self._handler(answer) for method, answer in answers().items()}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        return self._handlers.get(handler_call_details.method)

    @staticmethod
    def _handler(answer: bytes) -> grpc.RpcMethodHandler[bytes, bytes]:
        async def call(request: bytes, context: object) -> bytes:
            del request, context
            return answer

        return grpc.unary_unary_rpc_method_handler(call)


async def _serve(address: str, tls: Path) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Constant(),))
    server.add_secure_port(address, Tls.load(tls).server_credentials())
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    import uvloop

    uvloop.install()
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2])))
