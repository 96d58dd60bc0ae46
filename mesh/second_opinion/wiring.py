"""The only place where the second opinion is put together."""

from __future__ import annotations

from mesh import server
from mesh.identity import Policy
from mesh.second_opinion.config import SecondOpinionSettings
from mesh.second_opinion.grpc_api import LedgerProofServicer
from mesh.second_opinion.proofs import Proofs
from mesh.second_opinion.watch import Watch
from pitboss.proof.v1 import ledger_proof_service_pb2_grpc

PROOFS = "pitboss.proof.v1.LedgerProofService"

POLICY = Policy(callers={PROOFS: ("platform",)}, scopes={})


def main() -> None:
    """Run the process."""
    server.main("second_opinion", SecondOpinionSettings, build)


async def build(settings: SecondOpinionSettings) -> server.Parts:
    """Put the process together."""
    watch = Watch(settings)
    proofs = Proofs(
        settings.notebook,
        settings.database_url,
        settings.signer(),
        statement_timeout_ms=settings.statement_timeout_ms,
    )
    return server.Parts(
        services=[
            server.Service(
                name=PROOFS,
                add=ledger_proof_service_pb2_grpc.add_LedgerProofServiceServicer_to_server,
                servicer=LedgerProofServicer(proofs, watch),
            )
        ],
        policy=POLICY,
        tasks={"follower": watch.run},
        closers=[watch.close],
    )
