"""The wallet over gRPC."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import Message

from compliance_svc.errors import PlayerNotFoundError
from mesh.channels import AffinityStub, call_metadata
from mesh.errors import DependencyDownError, RequestInvalidError
from mesh.placement import teller
from mesh.status import read_error
from pitboss.wallet.v1 import action_pb2, ledger_service_pb2, ledger_service_pb2_grpc, transaction_pb2

_TIMEOUT_S = 5.0
_PAGE = 1_024
_DOWN = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED})


class WalletClient:
    """Implements `compliance_svc.ports.Ledger`. The same key may be sent again, so a replica that is gone is passed over."""

    def __init__(self, channels: list[grpc.aio.Channel]) -> None:
        self._stub = AffinityStub(channels, ledger_service_pb2_grpc.LedgerServiceStub)
        self._any = [ledger_service_pb2_grpc.LedgerServiceStub(channel) for channel in channels]
        self._breaks = Counter[int]()

    async def execute(self, licensee: str, action: action_pb2.Action) -> action_pb2.Result:
        request = ledger_service_pb2.ExecuteRequest(action=action)
        response = await self._call("Execute", request, licensee, action.player_id)
        result: action_pb2.Result = response.result
        return result

    async def evaluate(self, licensee: str, action: action_pb2.Action) -> action_pb2.Result:
        request = ledger_service_pb2.EvaluateActionRequest(action=action)
        response = await self._call("EvaluateAction", request, licensee, action.player_id)
        result: action_pb2.Result = response.result
        return result

    async def player(self, licensee: str, player: str) -> ledger_service_pb2.GetPlayerResponse:
        request = ledger_service_pb2.GetPlayerRequest(player_id=player)
        response: ledger_service_pb2.GetPlayerResponse = await self._call("GetPlayer", request, licensee, player)
        return response

    async def shards(self) -> int:
        response = await self._call("ListHeads", ledger_service_pb2.ListHeadsRequest(), "", "")
        return len(response.heads)

    async def heads(self) -> dict[int, int]:
        response = await self._call("ListHeads", ledger_service_pb2.ListHeadsRequest(), "", "")
        return {head.shard: head.sequence for head in response.heads}

    async def pages(
        self, shard: int, after: int, kinds: Sequence[transaction_pb2.TransactionKind.ValueType]
    ) -> AsyncIterator[ledger_service_pb2.ReadFeedResponse]:
        request = ledger_service_pb2.ReadFeedRequest(shard=shard, after_sequence=after, kinds=kinds, page_size=_PAGE)
        # Where the feed comes from: what that replica has read and told once costs it little more.
        async for page in self._teller(shard).ReadFeed(request, metadata=call_metadata()):
            yield page

    async def feed(self, shard: int, after: int) -> AsyncIterator[ledger_service_pb2.ReadFeedResponse]:
        request = ledger_service_pb2.ReadFeedRequest(shard=shard, after_sequence=after, follow=True)
        try:
            async for page in self._teller(shard).ReadFeed(request, metadata=call_metadata()):
                yield page
        finally:
            # Whatever ends the stream, the next attempt is for the next replica.
            self._breaks[shard] += 1

    def _teller(self, shard: int) -> ledger_service_pb2_grpc.LedgerServiceAsyncStub:
        return self._any[teller(shard, self._breaks[shard], len(self._any))]

    async def _call(self, method: str, request: Message, licensee: str, player: str) -> Any:  # noqa: ANN401 - the response of the method
        try:
            return await self._stub.call(method, request, licensee=licensee, player=player, timeout_s=_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                raise PlayerNotFoundError(player_id=player) from error
            if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
                raise RequestInvalidError(violations=list(read_error(error).violations)) from error
            if error.code() in _DOWN:
                raise DependencyDownError(retry_after=0.5, dependency="wallet") from error
            raise
