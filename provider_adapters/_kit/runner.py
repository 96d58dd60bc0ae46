"""Puts one adapter process together: `python -m provider_adapters._kit <name>`."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import grpc.aio
import httpx

from mesh import server
from mesh.breaker import AsyncBreaker
from mesh.cache import Cache
from mesh.channels import AffinityStub, channel
from mesh.clock import open_clock
from mesh.identity import ADAPTER_PREFIX, PLATFORM, Policy
from pitboss.provider.v1.provider_adapter_service_pb2_grpc import add_ProviderAdapterServiceServicer_to_server
from pitboss.session.v1.session_directory_service_pb2_grpc import SessionDirectoryServiceStub
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from provider_adapters._kit import manifest as manifests
from provider_adapters._kit.config import AdapterSettings, read_credentials
from provider_adapters._kit.explaining import explain_of
from provider_adapters._kit.grpc_api import AdapterServicer, Signatures
from provider_adapters._kit.health import HealthBoard, ProbePlan, Prober
from provider_adapters._kit.http_server import Callbacks, HttpApp, HttpServer
from provider_adapters._kit.nonces import NonceWindow
from provider_adapters._kit.outbound import HttpOutbound, is_failure
from provider_adapters._kit.ports import Adapter, AdapterParts
from provider_adapters._kit.provider_ledger import ProviderLedger
from provider_adapters._kit.quiet import quiet_libraries
from provider_adapters._kit.refused import RefusedNotes
from provider_adapters._kit.security import LoggedSecurity
from provider_adapters._kit.sessions import DirectorySessions
from provider_adapters._kit.shared_breaker import BreakerNews
from provider_adapters._kit.wallet import LedgerWallet

SERVICE = "pitboss.provider.v1.ProviderAdapterService"
ADAPTERS = Path(__file__).parent.parent


def main(name: str) -> None:
    """Run the adapter of a provider until SIGTERM."""
    manifest = manifests.load(ADAPTERS / name)
    quiet_libraries()
    server.main(ADAPTER_PREFIX + name, AdapterSettings, builder(manifest))


def builder(manifest: manifests.Manifest) -> Callable[[AdapterSettings], Awaitable[server.Parts]]:
    """The `build` of mesh.server for one provider."""

    async def build(settings: AdapterSettings) -> server.Parts:
        return _Wiring(manifest.agreed(settings.provider_timeout_ms), settings).parts()

    return build


def create_adapter(parts: AdapterParts) -> Adapter:
    """Call `create` of the provider's own folder."""
    module = importlib.import_module(f"provider_adapters.{parts.manifest.name}.adapter")
    adapter: Adapter = module.create(parts)
    return adapter


class _Wiring:
    """Every part of the process, made in the order in which they need each other."""

    def __init__(self, manifest: manifests.Manifest, settings: AdapterSettings) -> None:
        self._manifest = manifest
        self._settings = settings
        self._workload = ADAPTER_PREFIX + manifest.name
        self._plan = ProbePlan(
            healthy_every_s=settings.probe_every_ms / 1000, timeout_s=settings.probe_timeout_ms / 1000
        )
        self._board = HealthBoard(manifest.name, open_clock(settings.clock_file))
        self._news = BreakerNews(manifest.name)
        self._breaker = AsyncBreaker(manifest.name, is_failure=is_failure, listeners=[self._board, self._news])
        self._http = httpx.AsyncClient(base_url=settings.provider_url, trust_env=False)
        self._wallet_channels = [self._channel(address) for address in settings.wallet_addresses]
        self._session_channel = self._channel(settings.session_address)
        self._refused = RefusedNotes([LedgerServiceStub(each) for each in self._wallet_channels])
        self._cache = self._open_cache()
        self._sessions = DirectorySessions.of(manifest, SessionDirectoryServiceStub(self._session_channel))
        self._outbound = HttpOutbound(
            manifest.name,
            self._http,
            self._breaker,
            timeout_s=manifest.outbound_timeout_ms / 1000,
            retry_after_s=self._plan.down_every_s,
        )
        self._adapter = create_adapter(self._adapter_parts())
        self._server = self._callback_server()
        self._prober = Prober(self._breaker, self._adapter.probe, self._plan)

    def parts(self) -> server.Parts:
        """What mesh.server runs."""
        ledger = ProviderLedger(self._outbound)
        servicer = AdapterServicer(
            self._manifest, self._adapter, self._board, self._sessions, ledger, self._signatures()
        )
        return server.Parts(
            services=[
                server.Service(name=SERVICE, add=add_ProviderAdapterServiceServicer_to_server, servicer=servicer)
            ],
            policy=Policy({SERVICE: {"session_svc", PLATFORM}}),
            tasks={
                "callbacks": self._server.serve,
                "probe": self._prober.run,
                "refused": self._refused.run,
                **self._sharing(),
            },
            closers=[self._http.aclose, self._close_channels, *([self._cache.close] if self._cache else [])],
        )

    def _signatures(self) -> Signatures | None:
        if not self._settings.sandbox:
            return None
        credentials = read_credentials(self._settings.provider_credentials)
        return partial(explain_of(self._manifest.name), credentials)

    def _channel(self, address: str) -> grpc.aio.Channel:
        return channel(address, self._settings, workload=self._workload)

    def _open_cache(self) -> Cache | None:
        # Connecting costs start-up time that only a provider with nonces needs.
        if not self._settings.cache_url or not self._manifest.nonces:
            return None
        return Cache.open(self._settings.cache_url, prefix=f"nonce:{self._manifest.name}:")

    def _sharing(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {"breaker_news": self._share_breaker} if self._settings.cache_url else {}

    async def _share_breaker(self) -> None:
        # In a thread, and not before the process serves: loading the client takes half a second.
        cache = await asyncio.to_thread(Cache.open, self._settings.cache_url, prefix=f"breaker:{self._manifest.name}:")
        try:
            await self._news.run(cache, self._breaker)
        finally:
            await cache.close()

    def _adapter_parts(self) -> AdapterParts:
        manifest = self._manifest
        ledger = AffinityStub(self._wallet_channels, LedgerServiceStub)
        return AdapterParts(
            manifest=manifest,
            credentials=read_credentials(self._settings.provider_credentials),
            callback_url=self._settings.public_callback_url,
            wallet=LedgerWallet(ledger, may_stake=lambda: self._board.present.up),
            sessions=self._sessions,
            outbound=self._outbound,
            security=LoggedSecurity(manifest.name, self._refused),
            nonces=NonceWindow(self._cache),
        )

    def _callback_server(self) -> HttpServer:
        callbacks = Callbacks(self._manifest.name, self._adapter, at_once=self._settings.callbacks_at_once)
        app = HttpApp(
            callbacks.handle,
            self._adapter.refuse,
            max_body_bytes=self._manifest.max_body_bytes,
            budget_s=self._manifest.budget_s,
        )
        return HttpServer(app, self._settings.callback_listen, drain_seconds=self._settings.drain_seconds)

    async def _close_channels(self) -> None:
        for each in (*self._wallet_channels, self._session_channel):
            await each.close()
