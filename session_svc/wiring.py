"""Where the session service is put together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

import grpc.aio
import uuid_utils
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import server
from mesh.cache import Cache
from mesh.channels import channel
from mesh.clock import Clock, open_clock
from mesh.database import engine as open_engine
from mesh.identity import Policy
from pitboss.session.v1 import (
    catalog_service_pb2_grpc,
    free_rounds_service_pb2_grpc,
    reconciliation_service_pb2_grpc,
    round_replay_service_pb2_grpc,
    session_directory_service_pb2_grpc,
    session_service_pb2_grpc,
)
from session_svc.app.demos import DemoDesk
from session_svc.app.directory import Directory
from session_svc.app.ending import Endings
from session_svc.app.following import LawFollower
from session_svc.app.granting import GrantDesk
from session_svc.app.leaving import Leaving
from session_svc.app.offers import Offers
from session_svc.app.reconciling import Patience, Reconciler
from session_svc.app.replaying import ReplayDesk
from session_svc.app.sessions import SessionDesk, SessionMaker
from session_svc.app.supplying import Supply
from session_svc.app.sweeping import Sweeper
from session_svc.app.switching import SwitchWatch
from session_svc.app.upkeep import persistently, until_done
from session_svc.app.watching import Watching
from session_svc.clients.adapters import AdapterProviders
from session_svc.clients.history import ComparedLedger
from session_svc.clients.law import ComplianceLaw
from session_svc.clients.ledger import WalletLedger
from session_svc.clients.records import AdapterRecords
from session_svc.clients.rounds import LedgerRounds
from session_svc.config import SessionSettings
from session_svc.domain.keys import read_key
from session_svc.domain.pages import PageTokens
from session_svc.grpc_api.catalog import CatalogServicer
from session_svc.grpc_api.directory import DirectoryServicer
from session_svc.grpc_api.free_rounds import FreeRoundsServicer
from session_svc.grpc_api.reconciliation import ReconciliationServicer
from session_svc.grpc_api.replays import ReplayServicer
from session_svc.grpc_api.sessions import SessionServicer
from session_svc.ports import SessionCache
from session_svc.store.cache import NoCache, ValkeySessions
from session_svc.store.changes import PostgresChanges
from session_svc.store.demos import PostgresDemos
from session_svc.store.games import PostgresGames
from session_svc.store.grants import PostgresGrants
from session_svc.store.law import PostgresLawRecord
from session_svc.store.reconciling import PostgresCases
from session_svc.store.sealing import Vault
from session_svc.store.sessions import PostgresSessions

WORKLOAD = "session_svc"
SESSIONS = "pitboss.session.v1.SessionService"
DIRECTORY = "pitboss.session.v1.SessionDirectoryService"
FREE_ROUNDS = "pitboss.session.v1.FreeRoundsService"
REPLAYS = "pitboss.session.v1.RoundReplayService"
CATALOG = "pitboss.session.v1.CatalogService"
RECONCILIATION = "pitboss.session.v1.ReconciliationService"

POLICY = Policy(
    callers={
        SESSIONS: ("gateway", "platform"),
        f"{SESSIONS}/WatchSessions": ("gateway", "platform", "audit_svc"),
        CATALOG: ("gateway", "platform"),
        FREE_ROUNDS: ("gateway", "platform"),
        REPLAYS: ("gateway", "platform"),
        DIRECTORY: ("provider_adapters/*", "platform"),
        RECONCILIATION: ("platform",),
    },
    scopes={SESSIONS: "play", CATALOG: "play", FREE_ROUNDS: "play", REPLAYS: "play"},
)

_HALF_WAY_PATIENCE = dt.timedelta(seconds=5)
_OPENING_PATIENCE = dt.timedelta(minutes=2)
"""Longer than any caller waits for a launch and tries again."""

_OVERLAP = dt.timedelta(minutes=5)
"""What was compared this recently is compared once more: most differences heal."""
_RECORD_TIMEOUT_S = 60.0

Closer = Callable[[], Awaitable[None]]


def main() -> None:
    """Run the process."""
    server.main(WORKLOAD, SessionSettings, build)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything that remembers."""

    sessions: PostgresSessions
    demos: PostgresDemos
    changes: PostgresChanges
    law: PostgresLawRecord
    games: PostgresGames
    grants: PostgresGrants
    cases: PostgresCases
    cache: SessionCache
    page_key: bytes
    played_sessions: PostgresSessions
    played_demos: PostgresDemos
    """What stakes ask for has connections of its own: many launches at once keep no bet waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Everybody who is asked."""

    law: ComplianceLaw
    ledger: WalletLedger
    providers: AdapterProviders
    records: AdapterRecords
    history: ComparedLedger
    rounds: LedgerRounds


async def build(settings: SessionSettings) -> server.Parts:
    """Put the process together. Waits for the database, and for nobody else."""
    clock, closers = open_clock(settings.clock_file), list[Closer]()
    stores, neighbours = _stores(settings, closers), _neighbours(settings, closers)
    offers = Offers(neighbours.providers.names)
    endings = Endings(stores.sessions, neighbours.ledger, stores.cache, clock)
    supply = _supply(settings, stores, neighbours, offers)
    watching = Watching(stores.changes, interval_s=settings.watch_interval_ms / 1000)
    lifetime = dt.timedelta(seconds=settings.session_ttl_seconds)
    maker = SessionMaker(clock=clock, lifetime=lifetime, new_id=_new_id)
    desk = SessionDesk(
        sessions=stores.sessions,
        law=neighbours.law,
        providers=neighbours.providers,
        offers=offers,
        endings=endings,
        maker=maker,
        clock=clock,
        doubt=supply.doubt,
    )
    demos = DemoDesk(
        demos=stores.demos,
        law=neighbours.law,
        providers=neighbours.providers,
        offers=offers,
        clock=clock,
        new_id=_new_id,
        doubt=supply.doubt,
    )
    grants = GrantDesk(grants=stores.grants, providers=neighbours.providers, offers=offers, clock=clock, new_id=_new_id)
    tokens = PageTokens(key=stores.page_key)
    reconciler = _reconciler(settings, stores, neighbours, clock)
    await until_done("database", partial(offers.reload, stores.games))
    return server.Parts(
        services=[
            server.Service(
                name=SESSIONS,
                add=session_service_pb2_grpc.add_SessionServiceServicer_to_server,
                servicer=SessionServicer(desk, demos, watching, clock),
            ),
            server.Service(
                name=DIRECTORY,
                add=session_directory_service_pb2_grpc.add_SessionDirectoryServiceServicer_to_server,
                servicer=DirectoryServicer(
                    Directory(stores.played_sessions, stores.played_demos, stores.cache, clock), clock
                ),
            ),
            server.Service(
                name=CATALOG,
                add=catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server,
                servicer=CatalogServicer(offers, tokens),
            ),
            server.Service(
                name=FREE_ROUNDS,
                add=free_rounds_service_pb2_grpc.add_FreeRoundsServiceServicer_to_server,
                servicer=FreeRoundsServicer(grants, tokens, clock),
            ),
            server.Service(
                name=REPLAYS,
                add=round_replay_service_pb2_grpc.add_RoundReplayServiceServicer_to_server,
                servicer=ReplayServicer(ReplayDesk(rounds=neighbours.rounds, providers=neighbours.providers)),
            ),
            server.Service(
                name=RECONCILIATION,
                add=reconciliation_service_pb2_grpc.add_ReconciliationServiceServicer_to_server,
                servicer=ReconciliationServicer(reconciler),
            ),
        ],
        policy=POLICY,
        tasks={
            **_tasks(settings, stores, neighbours, supply, endings, clock),
            "watching": watching.run,
            **({"reconciler": reconciler.run} if settings.reconcile_every_ms else {}),
        },
        closers=closers,
    )


def _new_id() -> str:
    return str(uuid_utils.uuid7())


def _tasks(
    settings: SessionSettings, stores: Stores, neighbours: Neighbours, supply: Supply, endings: Endings, clock: Clock
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    sweeper = Sweeper(stores.sessions, endings, clock, patience=_HALF_WAY_PATIENCE, opening_patience=_OPENING_PATIENCE)
    leaving = Leaving(stores.sessions, neighbours.law)
    switches = SwitchWatch(stores.sessions, neighbours.ledger, endings, clock)
    follower = LawFollower(neighbours.ledger, stores.law, stores.cache, clock)
    return {
        "supply": supply.run,
        "sweeper": partial(persistently, "sweeper", sweeper.sweep, pause_s=settings.sweep_interval_ms / 1000),
        "law": partial(persistently, "law", follower.run, pause_s=1.0),
        "switches": partial(persistently, "switches", switches.look, pause_s=settings.sweep_interval_ms / 1000),
        "leaving": partial(persistently, "leaving", leaving.tell, pause_s=settings.sweep_interval_ms / 1000),
    }


def _reconciler(settings: SessionSettings, stores: Stores, neighbours: Neighbours, clock: Clock) -> Reconciler:
    def spell(milliseconds: int) -> dt.timedelta:
        return dt.timedelta(milliseconds=milliseconds)

    return Reconciler(
        records=neighbours.records,
        ledger=neighbours.history,
        grants=stores.grants,
        book=stores.cases,
        clock=clock,
        patience=Patience(
            settle=spell(settings.reconcile_settle_ms),
            margin=spell(settings.reconcile_margin_ms),
            overlap=_OVERLAP,
            stuck=spell(settings.reconcile_stuck_ms),
        ),
        every_s=settings.reconcile_every_ms / 1000,
    )


def _supply(settings: SessionSettings, stores: Stores, neighbours: Neighbours, offers: Offers) -> Supply:
    return Supply(
        providers=neighbours.providers,
        ledger=neighbours.ledger,
        games=stores.games,
        offers=offers,
        fetch_every_s=settings.catalog_seconds,
        reload_every_s=settings.catalog_reload_seconds,
        first_answer_s=settings.health_answer_ms / 1000,
    )


def _stores(settings: SessionSettings, closers: list[Closer]) -> Stores:
    def opened() -> AsyncEngine:
        made = open_engine(
            settings.database_url,
            name=WORKLOAD,
            size=settings.database_connections,
            statement_timeout_ms=settings.statement_timeout_ms,
        )
        closers.append(made.dispose)
        return made

    engine, played = opened(), opened()
    vault = Vault([read_key(key) for key in settings.session_keys])
    return Stores(
        sessions=PostgresSessions(engine, vault, activity_files=settings.activity_files),
        demos=PostgresDemos(engine, vault),
        changes=PostgresChanges(engine),
        law=PostgresLawRecord(engine),
        games=PostgresGames(engine),
        grants=PostgresGrants(engine),
        cases=PostgresCases(engine),
        cache=_cache(settings, vault, closers),
        page_key=vault.page_key,
        played_sessions=PostgresSessions(played, vault, activity_files=settings.activity_files),
        played_demos=PostgresDemos(played, vault),
    )


def _cache(settings: SessionSettings, vault: Vault, closers: list[Closer]) -> SessionCache:
    if not settings.cache_url:
        return NoCache()
    cache = Cache.open(settings.cache_url, prefix="session_svc:", timeout_ms=settings.cache_timeout_ms)
    closers.append(cache.close)
    return ValkeySessions(cache, vault)


def _neighbours(settings: SessionSettings, closers: list[Closer]) -> Neighbours:
    timeout_s = settings.call_timeout_ms / 1000

    def connected(address: str) -> grpc.aio.Channel:
        opened = channel(address, settings, workload=WORKLOAD)
        closers.append(opened.close)
        return opened

    wallets = [connected(address) for address in settings.wallet_addresses]
    adapters = {name: connected(address) for name, address in settings.adapters.items()}
    return Neighbours(
        law=ComplianceLaw(connected(settings.compliance_address), timeout_s=timeout_s),
        ledger=WalletLedger(wallets, timeout_s=timeout_s),
        providers=AdapterProviders(
            adapters,
            launch_timeout_s=settings.launch_timeout_ms / 1000,
            list_timeout_s=timeout_s,
        ),
        records=AdapterRecords(adapters, timeout_s=_RECORD_TIMEOUT_S),
        history=ComparedLedger(wallets, timeout_s=timeout_s, compare_timeout_s=_RECORD_TIMEOUT_S),
        rounds=LedgerRounds(wallets, timeout_s=timeout_s),
    )
