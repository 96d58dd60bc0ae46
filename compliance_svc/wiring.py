"""The only place where a compliance process is put together."""

from collections.abc import Callable

from compliance_svc.activity_file_client import ActivityFileClient
from compliance_svc.app import DecisionLog, DemoPlays, FeedReader, PlayerProtection, Policies
from compliance_svc.config import ComplianceSettings
from compliance_svc.grpc_api import ComplianceServicer, DecisionServicer, PolicyServicer
from compliance_svc.grpc_api_cases import RiskCaseServicer
from compliance_svc.grpc_api_releases import PackReleaseServicer
from compliance_svc.kernel.loading import SHIPPED, load_documents, load_keys
from compliance_svc.kernel.release import Keyring, PackRefusedError, Release
from compliance_svc.kernel.statute import Statute
from compliance_svc.law_client import LawClient
from compliance_svc.limit_file_client import LimitFileClient
from compliance_svc.register_client import RegisterClient
from compliance_svc.releasing import Law, Noting, Releasing
from compliance_svc.replaying import NightlyReplay
from compliance_svc.risk.desk import CaseDesk
from compliance_svc.risk.following import RiskFollower, RiskOrders
from compliance_svc.simulating import Simulating
from compliance_svc.store.decisions import DecisionStore
from compliance_svc.store.releases import ReleaseStore
from compliance_svc.store.replays import ReplayStore
from compliance_svc.store.risk import RiskStore
from compliance_svc.wallet_client import WalletClient
from mesh import database, logs, server
from mesh.channels import channel
from mesh.clock import open_clock
from mesh.identity import Policy
from pitboss.compliance.v1 import (
    compliance_service_pb2_grpc,
    decision_service_pb2_grpc,
    pack_release_service_pb2_grpc,
    policy_service_pb2_grpc,
    risk_case_service_pb2_grpc,
)

COMPLIANCE = "pitboss.compliance.v1.ComplianceService"
DECISIONS = "pitboss.compliance.v1.DecisionService"
POLICIES = "pitboss.compliance.v1.PolicyService"
RELEASES = "pitboss.compliance.v1.PackReleaseService"
CASES = "pitboss.compliance.v1.RiskCaseService"
log = logs.get(__name__)

_HOUR_US = 3_600_000_000
_LICENSEES = ("gateway", "platform")

POLICY = Policy(
    callers={
        COMPLIANCE: (*_LICENSEES, "session_svc"),
        f"{COMPLIANCE}/OpenPlay": ("session_svc", "platform"),
        f"{COMPLIANCE}/EvaluateDemoPlay": ("session_svc", "platform"),
        f"{COMPLIANCE}/EndActivity": ("session_svc", "platform"),
        f"{COMPLIANCE}/RecordIdentity": ("fact_sources/kyc", "platform"),
        f"{COMPLIANCE}/RecordLocation": ("fact_sources/geolocation", "platform"),
        f"{COMPLIANCE}/RecordScreening": ("fact_sources/sanctions", "platform"),
        DECISIONS: _LICENSEES,
        POLICIES: _LICENSEES,
        f"{POLICIES}/ListPacks": (*_LICENSEES, "audit_svc"),
        RELEASES: ("platform",),
        f"{RELEASES}/ListReleaseEvents": ("platform", "audit_svc"),
        CASES: ("platform",),
        f"{CASES}/ListCaseEvents": ("platform", "audit_svc"),
    },
    scopes={COMPLIANCE: "play", DECISIONS: "play", POLICIES: "play"},
)


def main() -> None:
    """Run the process."""
    server.main("compliance_svc", ComplianceSettings, build)


async def build(settings: ComplianceSettings) -> server.Parts:
    """Put the process together."""
    clock = open_clock(settings.clock_file)
    statute = statute_of(settings)
    engine = database.engine(
        settings.database_url, name="compliance_svc", statement_timeout_ms=settings.statement_timeout_ms
    )
    channels = [channel(address, settings, workload="compliance_svc") for address in settings.wallet_addresses]
    ledger = WalletClient(channels)
    decisions, releases, risk = DecisionStore(engine), ReleaseStore(engine), RiskStore(engine)
    law, keep_us = Law(releases, statute), settings.case_proposal_hours * _HOUR_US
    keys = keys_of(settings)
    releasing = Releasing(releases, LawClient(channels), statute, keys, clock)
    simulating = Simulating(releases, decisions, statute, clock)
    tasks = {
        "feed": FeedReader(ledger, decisions, beside=simulating.beside).run,
        "noting": Noting(releases, statute, keys, clock).run,
        "risk": RiskFollower(ledger, risk, law, clock).run,
        "risk orders": RiskOrders(ledger, risk, clock, keep_us=keep_us).run,
    }
    if settings.replay_sample:
        hour, most = settings.replay_hour, settings.replay_sample
        tasks["replay"] = NightlyReplay(ReplayStore(engine), law, clock, hour=hour, most=most).run
    register = None
    if settings.register_address:
        channels.append(channel(settings.register_address, settings, workload="compliance_svc"))
        register = RegisterClient(channels[-1])
    limit_files = None
    if settings.limit_files:
        opened = {
            name: channel(address, settings, workload="compliance_svc")
            for name, address in settings.limit_files.items()
        }
        channels += opened.values()
        limit_files = LimitFileClient(opened, ledger, law, clock)
    activity_files = None
    if settings.activity_files:
        told = {
            name: channel(address, settings, workload="compliance_svc")
            for name, address in settings.activity_files.items()
        }
        channels += told.values()
        activity_files = ActivityFileClient(told, ledger, law, clock)
    return server.Parts(
        services=[
            server.Service(
                name=COMPLIANCE,
                add=compliance_service_pb2_grpc.add_ComplianceServiceServicer_to_server,
                servicer=ComplianceServicer(
                    PlayerProtection(ledger, clock, register, limit_files, activity_files),
                    DemoPlays(ledger, law, clock, register),
                ),
            ),
            server.Service(
                name=DECISIONS,
                add=decision_service_pb2_grpc.add_DecisionServiceServicer_to_server,
                servicer=DecisionServicer(DecisionLog(decisions, law)),
            ),
            server.Service(
                name=POLICIES,
                add=policy_service_pb2_grpc.add_PolicyServiceServicer_to_server,
                servicer=PolicyServicer(Policies(law, clock)),
            ),
            server.Service(
                name=RELEASES,
                add=pack_release_service_pb2_grpc.add_PackReleaseServiceServicer_to_server,
                servicer=PackReleaseServicer(releasing, simulating, keys, clock),
            ),
            server.Service(
                name=CASES,
                add=risk_case_service_pb2_grpc.add_RiskCaseServiceServicer_to_server,
                servicer=RiskCaseServicer(CaseDesk(risk, clock, keep_us=keep_us)),
            ),
        ],
        policy=POLICY,
        tasks=tasks,
        closers=[engine.dispose, *[one.close for one in channels]],
    )


def keys_of(settings: ComplianceSettings) -> Callable[[], Keyring]:
    """Whoever knows the keys: the file is read again each time, so that a new one needs no restart."""
    load_keys(settings.pack_keys)  # a file that is none is found at the start, not when a pack comes
    return lambda: load_keys(settings.pack_keys)


def statute_of(settings: ComplianceSettings) -> Statute:
    """The shipped packs, and what makes others law beside them."""
    packs = load_documents(settings.packs or SHIPPED)
    return Statute(
        [one for one in packs if settings.sandbox or not one.sandbox], keys=keys_of(settings), on_doubt=_doubt
    )


def _doubt(release: Release, why: PackRefusedError) -> None:
    log.security(
        "a stored pack cannot be believed",
        pack=release.name,
        licensee=release.licensee,
        digest=release.digest,
        refusal=why.refusal.value,
        detail=why.detail,
    )
