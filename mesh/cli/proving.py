"""Calls to the proof service of the mesh that is up."""

from __future__ import annotations

import time

from mesh.cli.output import CommandError
from mesh.cli.platform import call, second_opinion_channel, wallet_channel
from mesh.verify.proofs import write
from pitboss.proof.v1 import ledger_proof_service_pb2 as pb
from pitboss.proof.v1.ledger_proof_service_pb2_grpc import LedgerProofServiceStub
from pitboss.wallet.v1 import ledger_service_pb2 as ledger
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub

PATIENCE_S = 20.0


def opinion() -> pb.GetSecondOpinionResponse:
    """What the second opinion says now."""
    with second_opinion_channel() as channel:
        return call(LedgerProofServiceStub(channel).GetSecondOpinion, pb.GetSecondOpinionRequest())


def checkpoints() -> dict[int, pb.GetCheckpointResponse]:
    """A checkpoint of every shard as it is now; waits until it has been recomputed."""
    with wallet_channel() as channel:
        heads = call(LedgerServiceStub(channel).ListHeads, ledger.ListHeadsRequest()).heads
    return {head.shard: checkpoint(head.shard, head.sequence) for head in heads}


def checkpoint(shard: int, size: int) -> pb.GetCheckpointResponse:
    """The checkpoint of a shard with so many entries; waits until they have been recomputed."""
    end = time.monotonic() + PATIENCE_S
    with second_opinion_channel() as channel:
        stub = LedgerProofServiceStub(channel)
        while True:
            try:
                return call(stub.GetCheckpoint, pb.GetCheckpointRequest(shard=shard, tree_size=size))
            except CommandError as error:
                if "NOT_CHECKED_YET" not in str(error) or time.monotonic() > end:
                    raise
            time.sleep(0.2)


def inclusion(transaction: str) -> tuple[str, str]:
    """The proof of a transaction as text, and the public key that checks it."""
    with second_opinion_channel() as channel:
        request = pb.GetInclusionProofRequest(transaction_id=transaction)
        found = call(LedgerProofServiceStub(channel).GetInclusionProof, request)
    text = write(entry=found.entry, index=found.leaf_index, path=found.path, checkpoint=found.checkpoint)
    return text, found.verifier_key
