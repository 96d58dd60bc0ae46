"""Tells the mesh: what was found in the compliance service, and the vendor's health in the wallet."""

import hashlib
import secrets
from collections.abc import Sequence

import grpc

from fact_sources.geolocation.reading import Finding
from pitboss.compliance.v1 import compliance_service_pb2 as pb
from pitboss.compliance.v1.compliance_service_pb2_grpc import ComplianceServiceStub
from pitboss.wallet.v1 import protection_pb2, registry_service_pb2
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub


class Recorder:
    """One connection to the compliance service. For any number of threads."""

    def __init__(self, channel: grpc.Channel, vendor: str, timeout_s: float) -> None:
        self._stub = ComplianceServiceStub(channel)
        self._vendor = vendor
        self._timeout_s = timeout_s

    def record(self, finding: Finding, assertion: str) -> None:
        """Record a finding. Raises grpc.RpcError, ALREADY_EXISTS for an assertion that was presented before."""
        found = protection_pb2.LocationFinding(territory=finding.territory)
        found.event_time.FromMicroseconds(finding.event_us)
        found.expire_time.FromMicroseconds(finding.until_us)
        evidence = protection_pb2.Evidence(
            source=f"geolocation/{self._vendor}",
            reference="sha256:" + hashlib.sha256(assertion.encode()).hexdigest(),
            # Of this presentation alone: the same assertion in another one is a replay, whoever sends it.
            presentation=secrets.token_urlsafe(24),
        )
        request = pb.RecordLocationRequest(
            player_id=finding.player, transaction_key=f"location/{finding.nonce}", finding=found, evidence=evidence
        )
        self._stub.RecordLocation(
            request, timeout=self._timeout_s, metadata=(("x-pitboss-licensee", finding.licensee),)
        )


class HealthTeller:
    """Says in the wallet's registry whether locations can be had."""

    def __init__(self, channels: Sequence[grpc.Channel], hold_ms: int, timeout_s: float) -> None:
        self._stubs = [RegistryServiceStub(channel) for channel in channels]
        self._hold_ms = hold_ms
        self._timeout_s = timeout_s

    def tell(self, *, silent: bool) -> bool:
        """True once a wallet has taken it."""
        request = registry_service_pb2.PutSourceHealthRequest(
            source=registry_service_pb2.FACT_SOURCE_LOCATION, silent=silent
        )
        request.hold.FromMilliseconds(self._hold_ms)
        for stub in self._stubs:
            try:
                stub.PutSourceHealth(request, timeout=self._timeout_s)
            except grpc.RpcError:
                continue
            return True
        return False
