"""Calls to the proof service of the mesh that is up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from mesh.cli.output import CommandError
from mesh.cli.platform import call, second_opinion_channel, wallet_channel
from mesh.verify.notes import Checkpoint, Key, keys_of, open_checkpoint
from mesh.verify.proofs import check_consistency, write
from pitboss.proof.v1 import ledger_proof_service_pb2 as pb
from pitboss.proof.v1.ledger_proof_service_pb2_grpc import LedgerProofServiceStub
from pitboss.wallet.v1 import ledger_service_pb2 as ledger
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub

PATIENCE_S = 20.0
KEYS_FILE = "log.keys"
"""Name of the file with public keys beside checkpoints that are kept."""


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


def continued(folder: Path) -> dict[int, tuple[int, int]]:
    """Every shard of which a checkpoint was kept in this folder, with its size then and now.

    Raises CommandError unless it is proved that each log of today continues the one that was signed then.
    """
    try:
        keys = keys_of((folder / KEYS_FILE).read_text())
        kept = [open_checkpoint(file.read_text(), keys) for file in sorted(folder.glob("shard-*.checkpoint"))]
        with second_opinion_channel() as channel:
            stub = LedgerProofServiceStub(channel)
            return dict(_continue(stub, old, keys) for old in kept if old.size)
    except (OSError, ValueError) as error:
        raise CommandError(str(error)) from error


def _continue(stub: LedgerProofServiceStub, old: Checkpoint, keys: Sequence[Key]) -> tuple[int, tuple[int, int]]:
    shard = int(old.origin.rpartition("/")[2])
    found = call(stub.GetConsistencyProof, pb.GetConsistencyProofRequest(shard=shard, from_size=old.size))
    new = open_checkpoint(found.checkpoint, keys)
    check_consistency(old, new, found.path)
    return shard, (old.size, new.size)


def inclusion(transaction: str) -> tuple[str, str]:
    """The proof of a transaction as text, and the public key that checks it."""
    with second_opinion_channel() as channel:
        request = pb.GetInclusionProofRequest(transaction_id=transaction)
        found = call(LedgerProofServiceStub(channel).GetInclusionProof, request)
    text = write(entry=found.entry, index=found.leaf_index, path=found.path, checkpoint=found.checkpoint)
    return text, found.verifier_key
