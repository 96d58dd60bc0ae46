"""LedgerProofService: decodes, asks, encodes."""

from __future__ import annotations

import asyncio

from mesh.second_opinion.proofs import Proofs
from mesh.second_opinion.watch import Watch
from pitboss.proof.v1 import ledger_proof_service_pb2 as pb
from pitboss.proof.v1 import ledger_proof_service_pb2_grpc

_MOST_ALARMS = 100


class LedgerProofServicer(ledger_proof_service_pb2_grpc.LedgerProofServiceServicer):
    """Serves proofs and the opinion."""

    def __init__(self, proofs: Proofs, watch: Watch) -> None:
        self._proofs = proofs
        self._watch = watch

    async def GetCheckpoint(self, request: pb.GetCheckpointRequest, context: object) -> pb.GetCheckpointResponse:
        signed = await asyncio.to_thread(self._proofs.checkpoint, request.shard, request.tree_size)
        return pb.GetCheckpointResponse(
            checkpoint=signed.checkpoint, verifier_key=signed.verifier_key, tree_size=signed.size
        )

    async def GetInclusionProof(
        self, request: pb.GetInclusionProofRequest, context: object
    ) -> pb.GetInclusionProofResponse:
        shard, _, sequence = request.transaction_id.partition("-")
        found = await asyncio.to_thread(self._proofs.inclusion, int(shard), int(sequence), request.tree_size)
        return pb.GetInclusionProofResponse(
            entry=found.entry,
            leaf_index=found.index,
            path=found.path,
            checkpoint=found.signed.checkpoint,
            verifier_key=found.signed.verifier_key,
            tree_size=found.signed.size,
        )

    async def GetConsistencyProof(
        self, request: pb.GetConsistencyProofRequest, context: object
    ) -> pb.GetConsistencyProofResponse:
        found = await asyncio.to_thread(self._proofs.consistency, request.shard, request.from_size, request.to_size)
        return pb.GetConsistencyProofResponse(
            path=found.path,
            checkpoint=found.signed.checkpoint,
            verifier_key=found.signed.verifier_key,
            to_size=found.signed.size,
        )

    async def GetSecondOpinion(
        self, request: pb.GetSecondOpinionRequest, context: object
    ) -> pb.GetSecondOpinionResponse:
        opinion = self._watch.opinion
        answer = pb.GetSecondOpinionResponse(
            agrees=opinion.agrees,
            checked=opinion.checked,
            entries=opinion.entries,
            lag_seconds=opinion.lag_s,
            coverage=opinion.coverage,
            read_again=opinion.read_again,
            rounds=opinion.rounds,
        )
        if not opinion.agrees:
            for alarm in await asyncio.to_thread(self._watch.alarms, _MOST_ALARMS):
                added = answer.alarms.add(place=alarm.place, problem=alarm.problem)
                added.seen_at.FromMicroseconds(alarm.seen_us)
        return answer
