"""A real adapter inside the suite's own process, on the real ledger and with the real session directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mesh.channels import AffinityStub
from pitboss.session.v1.session_directory_service_pb2_grpc import SessionDirectoryServiceStub
from pitboss.wallet.v1.ledger_service_pb2_grpc import LedgerServiceStub
from provider_adapters._kit import manifest
from provider_adapters._kit.http import HttpRequest
from provider_adapters._kit.nonces import NonceWindow
from provider_adapters._kit.ports import AdapterParts, Wallet
from provider_adapters._kit.runner import ADAPTERS
from provider_adapters._kit.sessions import DirectorySessions
from provider_adapters._kit.wallet import LedgerWallet
from tests.conformance.office import CountingOffice
from tests.integration.provider_adapters.patience import WAITS_MS


class _Silent:
    """`ports.SecurityLog` of a play in which everything is refused on purpose."""

    def report(self, event: str, request: HttpRequest, **facts: str) -> None:
        """Write nothing."""


def adapter_parts(
    office: CountingOffice,
    name: str,
    credentials: Mapping[str, Any],
    *,
    wallet: Callable[[Wallet], Wallet] = lambda honest: honest,
) -> AdapterParts:
    """What the kit would hand to the adapter, with these credentials. It asks the provider nothing."""
    workload, ports = f"provider_adapters/{name}", office.stack.around.ports
    channels = [office.channel(workload, port) for port in ports.wallets]
    ledger = LedgerWallet(AffinityStub(channels, LedgerServiceStub), may_stake=lambda: True)
    nobody: Any = None
    facts = manifest.load(ADAPTERS / name).agreed(WAITS_MS)
    return AdapterParts(
        manifest=facts,
        credentials=credentials,
        callback_url="",
        wallet=wallet(ledger),
        sessions=DirectorySessions.of(facts, SessionDirectoryServiceStub(office.channel(workload, ports.session))),
        outbound=nobody,
        security=_Silent(),
        nonces=NonceWindow(None),
    )
