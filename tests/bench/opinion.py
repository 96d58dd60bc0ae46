"""The second opinion beside an engine at full speed: how far behind it is, and whether it has seen everything."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import grpc

from mesh.dev.child import Command, spawn
from mesh.dev.paths import PYTHON_PATH, ROOT
from mesh.dev.ports import free_port
from mesh.dev.postgres import Database
from mesh.dev.stack import Stack
from mesh.notes import new_seed
from mesh.tls import Tls
from pitboss.proof.v1 import ledger_proof_service_pb2 as pb
from pitboss.proof.v1.ledger_proof_service_pb2_grpc import LedgerProofServiceStub

_LOOK_EVERY_S: Final = 0.1
_LONGEST_S: Final = 60.0


@dataclass
class Watched:
    """What was seen of it."""

    stub: LedgerProofServiceStub
    lags: list[float] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Note how far behind it is, again and again until the load is over."""
        while not self._over.wait(_LOOK_EVERY_S):
            self.lags.append(self.opinion().lag_seconds)

    def stop(self) -> None:
        """The load is over."""
        self._over.set()

    def end(self, stored: int) -> dict[str, float]:
        """The load is over: the most that it was behind, and what it has seen of the entries that there are."""
        self.stop()
        began = time.monotonic()
        while (found := self.opinion()).checked < stored and time.monotonic() < began + _LONGEST_S:
            time.sleep(_LOOK_EVERY_S / 5)
        if not found.agrees:
            raise RuntimeError(f"the second opinion does not agree: {found.alarms[0]}")
        return {"second_opinion_lag_s": max(self.lags, default=0.0), "second_opinion_coverage": found.checked / stored}

    def opinion(self) -> pb.GetSecondOpinionResponse:
        """What it says now."""
        found: pb.GetSecondOpinionResponse = self.stub.GetSecondOpinion(
            pb.GetSecondOpinionRequest(), timeout=30, wait_for_ready=True
        )
        return found


@contextlib.contextmanager
def following(stack: Stack, ledger: Database) -> Iterator[Watched]:
    """A process that follows a ledger from its first entry on."""
    address, tls = f"127.0.0.1:{free_port()}", stack.around.tls
    environment = {
        **stack.process_list["wallet_svc-1"].environment,
        "PITBOSS_LISTEN": address,
        "PITBOSS_TLS_DIR": str(tls / "second_opinion"),
        "PITBOSS_DATABASE_URL": ledger.reader_url,
        "PITBOSS_NOTEBOOK": str(stack.run / "second_opinion" / f"{ledger.name}.sqlite"),
        "PITBOSS_SIGNING_KEY": new_seed(),
        "PYTHONPATH": PYTHON_PATH,
    }
    command = Command(
        name="second_opinion",
        argv=[sys.executable, "-m", "mesh.second_opinion"],
        environment=environment,
        log=stack.run / "log" / f"second_opinion-{ledger.name}.log",
        directory=ROOT,
    )
    child = spawn(command)
    try:
        credentials = Tls.load(tls / "platform").channel_credentials()
        with grpc.secure_channel(address, credentials) as channel:
            watched = Watched(LedgerProofServiceStub(channel))
            watched.opinion()
            looking = threading.Thread(target=watched.look, daemon=True)
            looking.start()
            yield watched
            watched.stop()
            looking.join()
    finally:
        child.kill()
