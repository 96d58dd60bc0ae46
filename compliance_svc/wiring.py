"""The only place where a compliance process is put together."""

from compliance_svc.app import DecisionLog, FeedReader, PlayerProtection, Policies
from compliance_svc.config import ComplianceSettings
from compliance_svc.grpc_api import ComplianceServicer, DecisionServicer, PolicyServicer
from compliance_svc.kernel.loading import SHIPPED, load_library
from compliance_svc.register_client import RegisterClient
from compliance_svc.store.decisions import DecisionStore
from compliance_svc.wallet_client import WalletClient
from mesh import database, server
from mesh.channels import channel
from mesh.clock import open_clock
from mesh.identity import Policy
from pitboss.compliance.v1 import (
    compliance_service_pb2_grpc,
    decision_service_pb2_grpc,
    policy_service_pb2_grpc,
)

COMPLIANCE = "pitboss.compliance.v1.ComplianceService"
DECISIONS = "pitboss.compliance.v1.DecisionService"
POLICIES = "pitboss.compliance.v1.PolicyService"
_LICENSEES = ("gateway", "platform")

POLICY = Policy(
    callers={
        COMPLIANCE: (*_LICENSEES, "session_svc"),
        f"{COMPLIANCE}/OpenPlay": ("session_svc", "platform"),
        f"{COMPLIANCE}/RecordIdentity": ("fact_sources/kyc", "platform"),
        f"{COMPLIANCE}/RecordLocation": ("fact_sources/geolocation", "platform"),
        f"{COMPLIANCE}/RecordScreening": ("fact_sources/sanctions", "platform"),
        DECISIONS: _LICENSEES,
        POLICIES: _LICENSEES,
        f"{POLICIES}/ListPacks": (*_LICENSEES, "audit_svc"),
    },
    scopes={COMPLIANCE: "play", DECISIONS: "play", POLICIES: "play"},
)


def main() -> None:
    """Run the process."""
    server.main("compliance_svc", ComplianceSettings, build)


async def build(settings: ComplianceSettings) -> server.Parts:
    """Put the process together."""
    clock = open_clock(settings.clock_file)
    library = load_library(settings.packs or SHIPPED, allow_sandbox=settings.sandbox)
    engine = database.engine(
        settings.database_url, name="compliance_svc", statement_timeout_ms=settings.statement_timeout_ms
    )
    channels = [channel(address, settings, workload="compliance_svc") for address in settings.wallet_addresses]
    ledger = WalletClient(channels)
    decisions = DecisionStore(engine)
    register = None
    if settings.register_address:
        channels.append(channel(settings.register_address, settings, workload="compliance_svc"))
        register = RegisterClient(channels[-1])
    return server.Parts(
        services=[
            server.Service(
                name=COMPLIANCE,
                add=compliance_service_pb2_grpc.add_ComplianceServiceServicer_to_server,
                servicer=ComplianceServicer(PlayerProtection(ledger, clock, register)),
            ),
            server.Service(
                name=DECISIONS,
                add=decision_service_pb2_grpc.add_DecisionServiceServicer_to_server,
                servicer=DecisionServicer(DecisionLog(decisions, library)),
            ),
            server.Service(
                name=POLICIES,
                add=policy_service_pb2_grpc.add_PolicyServiceServicer_to_server,
                servicer=PolicyServicer(Policies(library, clock)),
            ),
        ],
        policy=POLICY,
        tasks={"feed": FeedReader(ledger, decisions).run},
        closers=[engine.dispose, *[one.close for one in channels]],
    )
