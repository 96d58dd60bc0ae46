"""The only place where an audit process is put together."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from audit_svc.app.desk import AuditDesk, KeepingDesk
from audit_svc.app.expiring import Expiring
from audit_svc.app.extracting import ExtractDesk, Setup
from audit_svc.app.monitoring import ReturnDesk, Returns
from audit_svc.app.recording import RoundDesk
from audit_svc.app.sequencing import Sequencer
from audit_svc.app.witnessing import Witnessing
from audit_svc.clients.following import Neighbours, SigningKey
from audit_svc.clients.tokens import TokenClient
from audit_svc.clients.witnesses import WitnessClient
from audit_svc.config import AuditSettings
from audit_svc.domain.markets import parse_markets
from audit_svc.grpc_api import AuditServicer, ExtractServicer
from audit_svc.store.extracts import PostgresExtracts
from audit_svc.store.keeping import PostgresKeeping
from audit_svc.store.log import PostgresAuditLog
from audit_svc.store.sealing import Safe
from audit_svc.store.tree import PostgresTree
from mesh import server
from mesh.channels import channel
from mesh.clock import Clock, open_clock
from mesh.database import Pool
from mesh.identity import Policy
from mesh.verify.cosignatures import WitnessKey
from pitboss.audit.v1 import audit_service_pb2_grpc, extract_service_pb2_grpc

WORKLOAD = "audit_svc"
AUDIT = "pitboss.audit.v1.AuditService"
EXTRACTS = "pitboss.audit.v1.ExtractService"
MARKETS = Path(__file__).parent / "schemas" / "markets.toml"

POLICY = Policy(callers={AUDIT: ("platform",), EXTRACTS: ("platform",)})

Closer = Callable[[], Awaitable[None]]


def main() -> None:
    """Run the process."""
    server.main(WORKLOAD, AuditSettings, build)


async def build(settings: AuditSettings) -> server.Parts:
    """Put the process together. Waits for nobody."""
    clock, signer, closers = open_clock(settings.clock_file), settings.signer(), list[Closer]()
    pool = Pool(settings.database_url, name=WORKLOAD, size=6, statement_timeout_ms=settings.statement_timeout_ms)
    closers.append(pool.close)
    log = PostgresAuditLog(pool, Safe(settings.sealing_keys()), signer)
    tree = PostgresTree(pool, _witness_keys(settings))
    keeping = PostgresKeeping(pool, settings.keep_us())
    neighbours = _neighbours(settings, log, clock, closers)
    sequencer = Sequencer(
        log,
        neighbours.sources,
        clock,
        batch_s=settings.batch_ms / 1000,
        batch_leaves=settings.batch_leaves,
        own=[SigningKey(signer, settings.former_signer(), clock, log.known), keeping, Returns(log, settings.looks())],
    )
    return server.Parts(
        services=[
            server.Service(
                name=AUDIT,
                add=audit_service_pb2_grpc.add_AuditServiceServicer_to_server,
                servicer=AuditServicer(
                    AuditDesk(log, tree, sequencer, clock),
                    KeepingDesk(keeping, clock),
                    RoundDesk(log),
                    ReturnDesk(log, settings.looks()),
                    signer.verifier_key,
                ),
            ),
            server.Service(
                name=EXTRACTS,
                add=extract_service_pb2_grpc.add_ExtractServiceServicer_to_server,
                servicer=ExtractServicer(
                    ExtractDesk(log, PostgresExtracts(pool), sequencer, neighbours, _setup(settings, closers), clock)
                ),
            ),
        ],
        policy=POLICY,
        tasks={
            "sequencer": sequencer.run,
            "witnessing": _witnessing(settings, tree, closers).run,
            "expiring": Expiring(keeping, clock).run,
        },
        closers=closers,
    )


def _neighbours(settings: AuditSettings, log: PostgresAuditLog, clock: Clock, closers: list[Closer]) -> Neighbours:
    addresses = [*settings.wallet_addresses, settings.session_address, settings.compliance_address]
    *wallets, sessions, compliance = [channel(address, settings, workload=WORKLOAD) for address in addresses]
    closers += [each.close for each in (*wallets, sessions, compliance)]
    return Neighbours(wallets, sessions, compliance, clock, log)


def _setup(settings: AuditSettings, closers: list[Closer]) -> Setup:
    """What extracts are made with. Without a token service sealed markets have none, and say so when they are asked."""
    tokens = None
    if settings.seal_url:
        client = httpx.AsyncClient(trust_env=False)
        closers.append(client.aclose)
        tokens = TokenClient(
            client, settings.seal_url, settings.seal_secret, settings.seal_key, settings.seal_timeout_ms / 1000
        )
    return Setup(markets=parse_markets(MARKETS.read_text()), keys=settings.naming_keys(), tokens=tokens)


def _witness_keys(settings: AuditSettings) -> list[WitnessKey]:
    return [WitnessKey.parse(key) for key in settings.witness_keys]


def _witnessing(settings: AuditSettings, tree: PostgresTree, closers: list[Closer]) -> Witnessing:
    client = httpx.AsyncClient(trust_env=False)
    closers.append(client.aclose)
    return Witnessing(
        tree,
        [WitnessClient(client, url) for url in settings.witnesses],
        _witness_keys(settings),
        every_s=settings.batch_ms / 1000,
    )
