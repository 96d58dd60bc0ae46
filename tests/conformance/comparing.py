"""A list of a provider beside the ledger, by the ledger's own comparison."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from mesh.channels import call_metadata
from pitboss.wallet.v1 import history_service_pb2 as history

if TYPE_CHECKING:
    from pitboss.wallet.v1.history_service_pb2_grpc import HistoryServiceAsyncStub

_WITHIN_S = 30


async def differences(
    stub: HistoryServiceAsyncStub,
    licensee: str,
    scope: history.ComparedScope,
    lines: Sequence[history.ComparedLine],
    players: Collection[str] | None = None,
) -> set[tuple[str, str]]:
    """Key and kind of each difference about these players, or about all."""
    ordered = sorted(lines, key=lambda line: (line.kind, line.transaction_key.encode()))
    sent = [
        history.CompareStatementRequest(scope=scope),
        history.CompareStatementRequest(lines=history.ComparedLines(lines=ordered)),
    ]
    found = set()
    answers = stub.CompareStatement(iter(sent), timeout=_WITHIN_S, metadata=call_metadata(licensee=licensee))
    async for answer in answers:
        for one in answer.differences:
            line = one.there if one.HasField("there") else one.here
            if players is None or line.player_id in players:
                kind = history.DifferenceKind.Name(one.difference).removeprefix("DIFFERENCE_KIND_")
                found.add((line.transaction_key, kind))
    return found
