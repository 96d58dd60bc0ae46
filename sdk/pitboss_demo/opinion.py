"""What the second opinion makes of the evening."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import grpc

from mesh.dev.stack import Stack
from mesh.tls import Tls
from pitboss.proof.v1 import ledger_proof_service_pb2 as pb
from pitboss.proof.v1.ledger_proof_service_pb2_grpc import LedgerProofServiceStub
from pitboss_demo.checks import Check

_PATIENCE_S: Final = 20.0


def ask(stack: Stack, entries: int) -> Check:
    """Whether every entry of the evening was recomputed by a process that shares no code with the wallet, and agrees."""
    internal = stack.mesh["internal"]
    credentials = Tls.load(Path(internal["tls"])).channel_credentials()
    with grpc.secure_channel(internal["second_opinion"], credentials) as channel:
        found = _until(LedgerProofServiceStub(channel), entries)
    return check_of(found, entries)


def _until(stub: LedgerProofServiceStub, entries: int) -> pb.GetSecondOpinionResponse:
    end = time.monotonic() + _PATIENCE_S
    while True:
        found: pb.GetSecondOpinionResponse = stub.GetSecondOpinion(
            pb.GetSecondOpinionRequest(), timeout=_PATIENCE_S, wait_for_ready=True
        )
        if found.checked >= entries or time.monotonic() > end:
            return found
        time.sleep(0.1)


def check_of(found: pb.GetSecondOpinionResponse, entries: int) -> Check:
    """The verdict."""
    told = f"{found.checked:,} of {entries:,} entries recomputed, {found.lag_seconds:.1f} s behind"
    if found.alarms:
        told = f"{found.alarms[0].place}: {found.alarms[0].problem}"
    return Check(
        name="the second opinion agrees with every entry", ok=found.agrees and found.checked >= entries, detail=told
    )
