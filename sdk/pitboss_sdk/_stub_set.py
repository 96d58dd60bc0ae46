"""The generated stubs of everything that an operator calls, over one channel."""

from __future__ import annotations

from typing import Any

from pitboss_sdk._stubs.pitboss.compliance.v1.compliance_service_pb2_grpc import ComplianceServiceStub
from pitboss_sdk._stubs.pitboss.compliance.v1.decision_service_pb2_grpc import DecisionServiceStub
from pitboss_sdk._stubs.pitboss.session.v1.catalog_service_pb2_grpc import CatalogServiceStub
from pitboss_sdk._stubs.pitboss.session.v1.free_rounds_service_pb2_grpc import FreeRoundsServiceStub
from pitboss_sdk._stubs.pitboss.session.v1.round_replay_service_pb2_grpc import RoundReplayServiceStub
from pitboss_sdk._stubs.pitboss.session.v1.session_service_pb2_grpc import SessionServiceStub
from pitboss_sdk._stubs.pitboss.wallet.v1.history_service_pb2_grpc import HistoryServiceStub
from pitboss_sdk._stubs.pitboss.wallet.v1.wallet_service_pb2_grpc import WalletServiceStub


class Stubs:
    """One stub for each service. Their methods fit the channel: plain, or awaitable."""

    def __init__(self, channel: Any) -> None:  # noqa: ANN401 - either of gRPC's two kinds
        self.wallet: WalletServiceStub = WalletServiceStub(channel)
        self.history: HistoryServiceStub = HistoryServiceStub(channel)
        self.sessions: SessionServiceStub = SessionServiceStub(channel)
        self.free_rounds: FreeRoundsServiceStub = FreeRoundsServiceStub(channel)
        self.replays: RoundReplayServiceStub = RoundReplayServiceStub(channel)
        self.catalog: CatalogServiceStub = CatalogServiceStub(channel)
        self.compliance: ComplianceServiceStub = ComplianceServiceStub(channel)
        self.decisions: DecisionServiceStub = DecisionServiceStub(channel)
