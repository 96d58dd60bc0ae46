"""Which methods the gateway offers, read from the compiled contracts.

A method is public when its service belongs to an API class and its contract gives it
an HTTP address. Anything else has no route: ledger, registry, adapters, and methods
that only our own processes call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from google.api import annotations_pb2
from google.protobuf import descriptor_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClass:
    """Services that live on one upstream and need one scope."""

    name: str
    upstream: str
    scope: str
    services: tuple[str, ...]


API_CLASSES = (
    ApiClass(
        name="play",
        upstream="session_svc",
        scope="play",
        services=(
            "pitboss.session.v1.SessionService",
            "pitboss.session.v1.CatalogService",
            "pitboss.session.v1.FreeRoundsService",
            "pitboss.session.v1.RoundReplayService",
        ),
    ),
    ApiClass(
        name="wallet",
        upstream="wallet_svc",
        scope="wallet",
        services=("pitboss.wallet.v1.WalletService", "pitboss.wallet.v1.HistoryService"),
    ),
    ApiClass(
        name="compliance",
        upstream="compliance_svc",
        scope="play",
        services=(
            "pitboss.compliance.v1.ComplianceService",
            "pitboss.compliance.v1.DecisionService",
            "pitboss.compliance.v1.PolicyService",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One public RPC."""

    service: str
    name: str
    reads_only: bool
    streams: bool

    @property
    def path(self) -> str:
        """Its HTTP/2 path."""
        return f"/{self.service}/{self.name}"


def public_methods(descriptors: bytes, classes: Iterable[ApiClass] = API_CLASSES) -> tuple[Method, ...]:
    """The public methods in a serialized FileDescriptorSet, in the order of the contracts."""
    known = {service for api in classes for service in api.services}
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptors).file
    return tuple(method for file in files for method in _methods(file) if method.service in known)


def _methods(file: descriptor_pb2.FileDescriptorProto) -> Iterator[Method]:
    for service in file.service:
        for method in service.method:
            if method.options.HasExtension(annotations_pb2.http):
                level = method.options.idempotency_level
                yield Method(
                    service=f"{file.package}.{service.name}",
                    name=method.name,
                    reads_only=level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS,
                    streams=method.server_streaming or method.client_streaming,
                )
