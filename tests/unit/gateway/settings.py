"""Settings for tests of the configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gateway.config import Address, Files, Settings, Upstream
from gateway.contracts import Method


def address(port: int) -> Address:
    return Address(host="127.0.0.1", port=port)


def wallet_method(name: str, *, reads_only: bool = False, streams: bool = False) -> Method:
    return Method(service="pitboss.wallet.v1.WalletService", name=name, reads_only=reads_only, streams=streams)


METHODS = (
    wallet_method("Deposit"),
    wallet_method("GetBalance", reads_only=True),
    Method(service="pitboss.session.v1.SessionService", name="WatchSessions", reads_only=True, streams=True),
    Method(service="pitboss.compliance.v1.PolicyService", name="ListPacks", reads_only=True, streams=False),
)


def settings(**changes: object) -> Settings:
    plain = Settings(
        licensee_listener=address(1),
        studio_listener=address(2),
        admin=address(3),
        upstreams={
            "wallet_svc": Upstream(addresses=(address(11), address(12)), workload="wallet_svc"),
            "session_svc": Upstream(addresses=(address(13),), workload="session_svc"),
            "compliance_svc": Upstream(addresses=(address(14),), workload="compliance_svc"),
        },
        callbacks={"hub88_style": address(21), "pragmatic_style": address(22)},
        methods=METHODS,
        body_tables="local ROUTES = {}\nlocal FIELDS = {}",
        files=Files(
            descriptors=Path("/contracts.binpb"),
            jwks=Path("/keys/jwks.json"),
            workload_tls=Path("/tls"),
            edge_tls=Path("/edge"),
            sds=Path("/sds"),
        ),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]
