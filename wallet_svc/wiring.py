"""The only place where a wallet process is put together."""

import asyncio
import contextlib
import gc
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from compliance_svc.kernel.loading import SHIPPED, load_documents, load_keys
from compliance_svc.kernel.release import PackRefusedError, Release
from compliance_svc.kernel.statute import Statute
from compliance_svc.kernel.zones import ZONE_DATA_CHANGED, changed_zones
from mesh import logs, server
from mesh.channels import channel
from mesh.clock import Clock, open_clock
from mesh.clock_report import ClockReport
from mesh.database import connect
from mesh.errors import MeshError
from mesh.identity import Policy
from pitboss.wallet.v1 import (
    history_service_pb2_grpc,
    ledger_service_pb2_grpc,
    registry_service_pb2_grpc,
    wallet_service_pb2_grpc,
)
from wallet_svc.attempts import Attempts
from wallet_svc.comparing import Comparing
from wallet_svc.config import WalletSettings
from wallet_svc.domain.commands import CloseRound, Command, Expire
from wallet_svc.domain.state import WELL, ClockSaid, Health
from wallet_svc.engine import Engine
from wallet_svc.explaining import Explainer
from wallet_svc.feed import Feed
from wallet_svc.grpc_api.history import HistoryServicer
from wallet_svc.grpc_api.ledger import LedgerServicer
from wallet_svc.grpc_api.registry import RegistryServicer
from wallet_svc.grpc_api.wallet import WalletServicer
from wallet_svc.history import History
from wallet_svc.limit_files.client import FileClient
from wallet_svc.limit_files.reserving import Reserving
from wallet_svc.limit_files.resolving import Resolver
from wallet_svc.own_wallets.asking import Asking
from wallet_svc.own_wallets.directory import Directory
from wallet_svc.own_wallets.policy import POLICY as OWN_WALLETS
from wallet_svc.own_wallets.working import Worker
from wallet_svc.ports import LogDownError
from wallet_svc.queries import Queries
from wallet_svc.store.calls import PendingCalls
from wallet_svc.store.comparing import Sorted
from wallet_svc.store.log import PostgresLog
from wallet_svc.store.reading import Reader
from wallet_svc.store.refused import RefusedMessages
from wallet_svc.store.registry import RegistryStore
from wallet_svc.store.reserved import ReservedDeposits
from wallet_svc.store.totals import Totals
from wallet_svc.upstream import Upstream
from wallet_svc.waiting import Waiting

WALLET = "pitboss.wallet.v1.WalletService"
HISTORY = "pitboss.wallet.v1.HistoryService"
LEDGER = "pitboss.wallet.v1.LedgerService"
REGISTRY = "pitboss.wallet.v1.RegistryService"
log = logs.get(__name__)

_ADAPTERS = "provider_adapters/*"
_INTERNAL = ("session_svc", "compliance_svc", "platform")

POLICY = Policy(
    callers={
        WALLET: ("gateway", "platform"),
        HISTORY: ("gateway", "platform"),
        f"{HISTORY}/CompareStatement": ("gateway", "platform", "session_svc"),
        LEDGER: (_ADAPTERS, *_INTERNAL),
        f"{LEDGER}/ReadFeed": (*_INTERNAL, "audit_svc", "fact_sources/sanctions"),
        f"{LEDGER}/ListHeads": (*_INTERNAL, "audit_svc", "fact_sources/sanctions"),
        f"{LEDGER}/GetPlayer": _INTERNAL,
        f"{LEDGER}/NoteRefusedMessages": (_ADAPTERS,),
        f"{LEDGER}/GetFinalPayment": _INTERNAL,
        f"{LEDGER}/EvaluateAction": _INTERNAL,
        REGISTRY: ("platform",),
        f"{REGISTRY}/PutGames": ("platform", "session_svc"),
        f"{REGISTRY}/ListSuspensions": ("platform", "session_svc"),
        f"{REGISTRY}/PutPack": ("platform", "compliance_svc"),
        f"{REGISTRY}/WithdrawPack": ("platform", "compliance_svc"),
        f"{REGISTRY}/ListLicensees": ("platform", "audit_svc"),
        f"{REGISTRY}/ListGamePapers": ("platform", "audit_svc"),
        f"{REGISTRY}/ListProviders": ("platform", "audit_svc"),
        f"{REGISTRY}/PutSourceHealth": (
            "platform",
            "fact_sources/geolocation",
            "fact_sources/limit_file",
            "fact_sources/sanctions",
        ),
    },
    scopes={WALLET: "wallet", HISTORY: "wallet"},
)


# Cached players are many small objects that live long. With the default thresholds the
# collector walks all of them several times a second.
_GC_THRESHOLDS = (50_000, 50, 50)


def main() -> None:
    """Run the process."""
    gc.set_threshold(*_GC_THRESHOLDS)
    server.main("wallet_svc", WalletSettings, build)


async def build(settings: WalletSettings) -> server.Parts:
    """Put the process together."""
    clock = open_clock(settings.clock_file)
    statute = statute_of(settings)
    shard_log = PostgresLog(
        settings.database_url, writer=settings.replica, statement_timeout_ms=settings.statement_timeout_ms
    )
    attempts = _attempts(settings, clock)
    engine = _engine(settings, shard_log, clock, statute, attempts)
    engine.health = health_of(settings)
    totals = _totals(settings)
    readers = {name: _reader(settings, name) for name in ("reader", "history", "feed", "calls")}
    queries = Queries(readers["reader"], clock, statute)
    feed = Feed(readers["feed"], settings.feed_interval_ms / 1000, is_pressed=lambda: engine.is_pressed)
    directory = Directory(readers["calls"], settings.licensee_keys)
    calls = PendingCalls(readers["calls"])
    policy = replace(OWN_WALLETS, round_end_give_up_s=settings.round_end_give_up_s)
    upstream = _upstream(settings, clock)
    worker = Worker(engine, calls, directory, clock, upstream, policy=policy)
    opened = {
        name: channel(address, settings, workload="wallet_svc")
        for name, address in (settings.limit_files or {}).items()
    }
    files = {name: FileClient(one, name) for name, one in opened.items()}
    engine.limit_files = frozenset(files)
    resolver = Resolver(
        engine,
        ReservedDeposits(readers["calls"]),
        files,
        clock,
        timeout_s=settings.limit_file_timeout_ms / 1000,
        resolve_after_us=settings.limit_file_resolve_after_ms * 1_000,
    )
    asking = Reserving(
        Asking(engine, worker, directory),
        queries,
        files,
        resolver,
        clock,
        timeout_s=settings.limit_file_timeout_ms / 1000,
    )
    history = History(readers["history"], totals, clock, statute)
    looking_back = HistoryServicer(
        history,
        Explainer(readers["history"], queries),
        Comparing(_in_order(settings), queries),
        settings.signer(),
        Waiting(calls, queries, clock),
    )
    refused = RefusedMessages(readers["calls"], clock, an_hour=settings.refused_an_hour)
    sweeper = Sweeper(settings, engine, clock)
    return server.Parts(
        services=[
            _service(LEDGER, LedgerServicer(asking, queries, feed, refused)),
            _service(WALLET, WalletServicer(asking, queries, history)),
            _service(HISTORY, looking_back),
            _registry(settings, statute, clock),
        ],
        policy=POLICY,
        tasks={
            "engine": engine.run,
            "sweeper": sweeper.run,
            "feed": feed.run,
            "attempts": attempts.run,
            "upstream": upstream.run,
            "totals": totals.run,
            "own wallets": worker.run,
            **({"limit files": resolver.run} if files else {}),
        },
        closers=[
            attempts.close,
            upstream.close,
            totals.close,
            shard_log.close,
            directory.close,
            *[reader.close for reader in readers.values()],
            sweeper.close,
            *[one.close for one in opened.values()],
        ],
    )


def statute_of(settings: WalletSettings) -> Statute:
    """The shipped packs, and what makes others law beside them."""
    packs = load_documents(settings.packs or SHIPPED)
    load_keys(settings.pack_keys)  # a file that is none is found at the start, not when a pack comes
    return Statute(
        [one for one in packs if settings.sandbox or not one.sandbox],
        keys=lambda: load_keys(settings.pack_keys),
        on_doubt=_doubt,
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


def _engine(settings: WalletSettings, log: PostgresLog, clock: Clock, statute: Statute, attempts: Attempts) -> Engine:
    return Engine(
        log,
        clock,
        statute,
        attempts=attempts,
        most_waiting=settings.most_waiting,
        most_in_flight=settings.most_in_flight,
        most_players=settings.cached_players,
        most_known=settings.cached_keys,
    )


def _attempts(settings: WalletSettings, clock: Clock) -> Attempts:
    return Attempts(
        settings.database_url,
        clock,
        name=f"{settings.replica} attempts",
        keep_days=settings.attempts_days,
        statement_timeout_ms=settings.statement_timeout_ms,
    )


def _upstream(settings: WalletSettings, clock: Clock) -> Upstream:
    return Upstream(
        settings.database_url,
        clock,
        name=f"{settings.replica} upstream",
        keep_days=settings.attempts_days,
        statement_timeout_ms=settings.statement_timeout_ms,
    )


def _totals(settings: WalletSettings) -> Totals:
    return Totals(
        settings.database_url,
        name=f"{settings.replica} totals",
        interval_s=settings.totals_interval_s,
        statement_timeout_ms=settings.report_timeout_ms,
    )


def _reader(settings: WalletSettings, name: str) -> Reader:
    return Reader(
        settings.database_url, name=f"{settings.replica} {name}", statement_timeout_ms=settings.statement_timeout_ms
    )


def _in_order(settings: WalletSettings) -> Sorted:
    return Sorted(
        settings.database_url, name=f"{settings.replica} reports", statement_timeout_ms=settings.report_timeout_ms
    )


_ADD: dict[str, Callable[[Any, Any], None]] = {
    LEDGER: ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server,
    WALLET: wallet_service_pb2_grpc.add_WalletServiceServicer_to_server,
    HISTORY: history_service_pb2_grpc.add_HistoryServiceServicer_to_server,
    REGISTRY: registry_service_pb2_grpc.add_RegistryServiceServicer_to_server,
}


def _service(name: str, servicer: object) -> server.Service:
    return server.Service(name=name, add=_ADD[name], servicer=servicer)


def _registry(settings: WalletSettings, statute: Statute, clock: Clock) -> server.Service:
    async def connection() -> psycopg.AsyncConnection[TupleRow]:
        return await connect(settings.database_url, name=f"{settings.replica} registry")

    return _service(REGISTRY, RegistryServicer(RegistryStore(connection), statute, clock))


def health_of(settings: WalletSettings) -> Callable[[int], Health]:
    """Whoever says what this process cannot rely on at a moment."""
    zones = ZoneWatch(changed_zones)
    if settings.clock_report is None:
        return zones.health
    report = ClockReport(
        settings.clock_report,
        tolerance_us=settings.clock_tolerance_ms * 1_000,
        max_age_us=settings.clock_report_max_age_s * 1_000_000,
    )
    watched = _Watched(report)
    return lambda now_us: zones.health(now_us, watched.health(now_us))


_ZONES_EVERY_US = 10_000_000


@dataclass(slots=True)
class ZoneWatch:
    """Looks now and then for time zones whose data has changed under the process, which goes on with what it has loaded.

    Debits of their markets are refused until the process is started anew, or the data is what it was. The security
    officer hears of it once.
    """

    changed: Callable[[], frozenset[str]]
    known: frozenset[str] = frozenset()
    due_us: int = 0

    def health(self, now_us: int, found: Health = WELL) -> Health:
        """The health that was found, and the zones."""
        # A clock that was moved back by more than a turn must not stop the looking.
        if now_us >= self.due_us or now_us < self.due_us - _ZONES_EVERY_US:
            self.due_us = now_us + _ZONES_EVERY_US
            self._look()
        return replace(found, zones_changed=self.known) if self.known else found

    def _look(self) -> None:
        before, self.known = self.known, self.changed()
        if new := self.known - before:
            log.security("the data of a time zone has changed", refusal=ZONE_DATA_CHANGED, zones=sorted(new))
        if before - self.known:
            log.warning("the data of a time zone is what it was", zones=sorted(before - self.known))


@dataclass(slots=True)
class _Watched:
    """What was measured of the clock, as health. When that turns, the security officer hears of it."""

    report: ClockReport
    off: bool = False

    def health(self, now_us: int) -> Health:
        said = self.report.read()
        off, before = self.report.is_off(said, now_us), self.off
        self.off = off
        if not off:
            if before:
                log.warning("the clock is in time again")
            return WELL
        clock = None
        if said is not None:
            clock = ClockSaid(
                offset_us=said.offset_us, error_us=said.error_us, measured_us=said.measured_us, source=said.source
            )
        if not before:
            told = {} if clock is None else asdict(clock)
            log.security("the clock is off", now_us=now_us, **told)
        return Health(clock_off=True, clock=clock)


@dataclass(slots=True)
class Sweeper:
    """Releases holds whose time is over, and closes rounds that were idle for too long.

    Several wallets may sweep: the key of an expiry is its hold's, and a round closes once.
    """

    settings: WalletSettings
    engine: Engine
    clock: Clock
    log: PostgresLog | None = None

    async def run(self) -> None:
        """Sweep until cancelled."""
        self.log = PostgresLog(
            self.settings.database_url,
            writer=f"{self.settings.replica} sweeper",
            statement_timeout_ms=self.settings.statement_timeout_ms,
        )
        while True:
            await asyncio.sleep(self.settings.sweep_interval_ms / 1000)
            with contextlib.suppress(LogDownError):
                await self._sweep(self.log)

    async def _sweep(self, log: PostgresLog) -> None:
        now_us = self.clock.now_us()
        for hold in await log.due_holds(now_us):
            await self._do(Command(hold.licensee, hold.source, hold.player, hold.key, Expire(hold_key=hold.key)))
        for idle in await log.due_rounds(now_us):
            close = CloseRound(round=idle.key, idle=True)
            await self._do(Command(idle.licensee, idle.source, idle.player, "", close))

    async def _do(self, command: Command) -> None:
        # What fails is due again next time, and must not keep the others waiting.
        with contextlib.suppress(MeshError):
            await self.engine.execute(command, timeout_s=5)

    async def close(self) -> None:
        if self.log is not None:
            await self.log.close()
