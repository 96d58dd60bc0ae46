"""Speaking to the wallets as the platform does: for any licensee and any source."""

import asyncio
import itertools
from typing import Any

import grpc
import grpc.aio

from mesh.channels import channel
from mesh.settings import ProcessSettings
from pitboss.compliance.v1 import decision_service_pb2_grpc, pack_release_service_pb2_grpc
from pitboss.wallet.v1 import (
    history_service_pb2_grpc,
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    registry_service_pb2_grpc,
)

_TIMEOUT_S = 10.0
_ATTEMPTS_S = 30.0


class Client:
    """Calls go to the wallets in turn. A broken connection is a retry with the same key."""

    def __init__(self, targets: list[str], settings: ProcessSettings, compliance: str | None = None) -> None:
        self._channels = [channel(target, settings) for target in targets]
        self._turn = itertools.cycle(range(len(targets)))
        self.ledgers = [ledger_service_pb2_grpc.LedgerServiceStub(one) for one in self._channels]
        self.registries = [registry_service_pb2_grpc.RegistryServiceStub(one) for one in self._channels]
        self.histories = [history_service_pb2_grpc.HistoryServiceStub(one) for one in self._channels]
        self._decisions: list[Any] = []
        self._releases: list[Any] = []
        if compliance is not None:
            self._channels.append(channel(compliance, settings))
            self._decisions.append(decision_service_pb2_grpc.DecisionServiceStub(self._channels[-1]))
            self._releases.append(pack_release_service_pb2_grpc.PackReleaseServiceStub(self._channels[-1]))

    async def close(self) -> None:
        for one in self._channels:
            await one.close()

    async def ledger(self, method: str, request: Any, licensee: str, source: str, *, node: int | None = None) -> Any:
        """Call a method of the ledger until there is an answer; `node` says which wallet, counted from 1."""
        stubs = self.ledgers if node is None else [self.ledgers[node - 1]]
        return await self._call(stubs, method, request, licensee, source)

    async def history(self, method: str, request: Any, licensee: str) -> Any:
        """Ask a question about the past until there is an answer."""
        return await self._call(self.histories, method, request, licensee, "")

    async def decision(self, method: str, request: Any, licensee: str) -> Any:
        """Ask about a decision until the compliance service has read it from the feed."""
        give_up = asyncio.get_running_loop().time() + _ATTEMPTS_S
        while True:
            try:
                return await self._call(self._decisions, method, request, licensee, "")
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND or asyncio.get_running_loop().time() > give_up:
                    raise
                await asyncio.sleep(0.05)

    async def release(self, method: str, request: Any) -> Any:
        """Call a method about packs until there is an answer."""
        return await self._call(self._releases, method, request, "", "")

    async def registry(self, method: str, request: Any) -> Any:
        """Call a method of the registry until there is an answer."""
        return await self._call(self.registries, method, request, "", "")

    async def _call(self, stubs: list[Any], method: str, request: Any, licensee: str, source: str) -> Any:
        metadata = [("x-pitboss-source", source or "platform")]
        if licensee:
            metadata.append(("x-pitboss-licensee", licensee))
        give_up = asyncio.get_running_loop().time() + _ATTEMPTS_S
        while True:
            stub = stubs[next(self._turn) % len(stubs)]
            try:
                return await getattr(stub, method)(request, metadata=tuple(metadata), timeout=_TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                broken = error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
                if not broken or asyncio.get_running_loop().time() > give_up:
                    raise
                await asyncio.sleep(0.05)

    async def entries(self, cursors: dict[int, int]) -> list[Any]:
        """Everything that was committed after the cursors, which are moved."""
        found: list[Any] = []
        for shard, after in list(cursors.items()):
            request = ledger_service_pb2.ReadFeedRequest(shard=shard, after_sequence=after, page_size=1024)
            stream = self.ledgers[0].ReadFeed(request, timeout=_TIMEOUT_S, wait_for_ready=True)
            async for page in stream:
                found += page.entries
                cursors[shard] = page.entries[-1].sequence
        return found

    async def heads(self) -> dict[int, int]:
        """Last sequence by shard."""
        response = await self.ledgers[0].ListHeads(
            ledger_service_pb2.ListHeadsRequest(), timeout=_TIMEOUT_S, wait_for_ready=True
        )
        return {head.shard: head.sequence for head in response.heads}
