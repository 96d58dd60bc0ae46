"""Records findings in the compliance service."""

import grpc

from fact_sources.kyc.reading import Finding
from pitboss.compliance.v1 import compliance_service_pb2 as pb
from pitboss.compliance.v1.compliance_service_pb2_grpc import ComplianceServiceStub
from pitboss.wallet.v1 import protection_pb2


class Recorder:
    """One connection to the compliance service. For any number of threads."""

    def __init__(self, channel: grpc.Channel, timeout_s: float) -> None:
        self._stub = ComplianceServiceStub(channel)
        self._timeout_s = timeout_s

    def record(self, finding: Finding) -> None:
        """Record a finding once. Raises grpc.RpcError."""
        found = protection_pb2.IdentityFinding(
            result=protection_pb2.IdentityResult.Value(f"IDENTITY_RESULT_{finding.result}")
        )
        found.event_time.FromMicroseconds(finding.event_us)
        request = pb.RecordIdentityRequest(player_id=finding.player, transaction_key=finding.key, finding=found)
        metadata = (("x-pitboss-licensee", finding.licensee),)
        self._stub.RecordIdentity(request, timeout=self._timeout_s, metadata=metadata)
