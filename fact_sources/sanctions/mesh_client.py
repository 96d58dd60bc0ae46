"""The mesh over gRPC: the ledger's feed, the compliance service, and the wallets' registry."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import grpc

from fact_sources.sanctions.state import Found
from pitboss.compliance.v1 import compliance_service_pb2 as pb
from pitboss.compliance.v1.compliance_service_pb2_grpc import ComplianceServiceStub
from pitboss.type.v1 import outcome_pb2
from pitboss.wallet.v1 import ledger_service_pb2, protection_pb2, registry_service_pb2, transaction_pb2
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub

_T = TypeVar("_T")
Page = tuple[int, list[tuple[str, str]]]
"""A position, and the players before it."""


class MeshClient:
    """Any wallet will do; the first that answers is used. Errors: grpc.RpcError of the last one."""

    def __init__(
        self, compliance: grpc.Channel, wallets: Sequence[grpc.Channel], source: str, *, hold_ms: int, timeout_s: float
    ) -> None:
        self._compliance = ComplianceServiceStub(compliance)
        self._wallets = wallets
        self._source = source
        self._hold_ms = hold_ms
        self._timeout_s = timeout_s

    def shards(self) -> list[int]:
        """The shards of the ledger."""
        request = ledger_service_pb2.ListHeadsRequest()
        found: ledger_service_pb2.ListHeadsResponse = self._any(
            lambda channel: LedgerServiceStub(channel).ListHeads(request, timeout=self._timeout_s)
        )
        return [head.shard for head in found.heads]

    def players(self, shard: int, after: int) -> list[Page]:
        """Who opened an account after a position, up to the end of the log."""
        request = ledger_service_pb2.ReadFeedRequest(
            shard=shard, after_sequence=after, kinds=[transaction_pb2.TRANSACTION_KIND_OPEN_ACCOUNT], page_size=1024
        )
        return self._any(
            lambda channel: list(_pages(LedgerServiceStub(channel).ReadFeed(request, timeout=self._timeout_s)))
        )

    def record(self, found: Found) -> None:
        """Record a finding. Raises grpc.RpcError."""
        evidence = protection_pb2.Evidence(source=f"sanctions/{self._source}", reference=f"lists:{found.version}")
        request = pb.RecordScreeningRequest(
            player_id=found.player,
            transaction_key=f"screening/{self._source}/{found.version}/{found.result.lower()}",
            result=protection_pb2.ScreeningResult.Value(f"SCREENING_RESULT_{found.result}"),
            evidence=evidence,
        )
        metadata = (("x-pitboss-licensee", found.licensee),)
        self._compliance.RecordScreening(request, timeout=self._timeout_s, metadata=metadata)

    def tell(self, *, silent: bool) -> None:
        """Say whether the source answers."""
        request = registry_service_pb2.PutSourceHealthRequest(
            source=registry_service_pb2.FACT_SOURCE_SCREENING, silent=silent
        )
        request.hold.FromMilliseconds(self._hold_ms)
        self._any(lambda channel: RegistryServiceStub(channel).PutSourceHealth(request, timeout=self._timeout_s))

    def _any(self, call: Callable[[grpc.Channel], _T]) -> _T:
        failure: grpc.RpcError | None = None
        for channel in self._wallets:
            try:
                return call(channel)
            except grpc.RpcError as error:
                failure = error
        assert failure is not None
        raise failure


def _pages(answers: Iterator[ledger_service_pb2.ReadFeedResponse]) -> Iterator[Page]:
    for answer in answers:
        opened = [
            (entry.licensee_id, entry.transaction.player_id)
            for entry in answer.entries
            if entry.transaction.outcome == outcome_pb2.OUTCOME_OK
        ]
        yield answer.position, opened
