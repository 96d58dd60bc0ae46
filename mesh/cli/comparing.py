"""Comparisons of providers' records with the ledger, as the platform team asks for them."""

from __future__ import annotations

import time
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from mesh.cli.platform import call, session_channel
from pitboss.session.v1 import reconciliation_service_pb2 as pb
from pitboss.session.v1.reconciliation_service_pb2_grpc import ReconciliationServiceStub

_MOST = 1000
_TIMEOUT_S = 120.0


def compare(provider: str, hours: float) -> dict[str, Any]:
    """Compare a provider's record of the last hours with the ledger, now."""
    request, now = pb.ReconcileProviderRequest(provider=provider), time.time()
    request.start_time.FromMicroseconds(int((now - hours * 3600) * 1e6))
    request.end_time.FromMicroseconds(int(now * 1e6))
    with session_channel() as channel:
        found = call(ReconciliationServiceStub(channel).ReconcileProvider, request, timeout_s=_TIMEOUT_S)
    run = {"provider": provider, "messages": found.messages, "end_time": request.end_time.ToJsonString()}
    return {"runs": [run], "cases": [_plain(case) for case in found.cases]}


def known(*, include_resolved: bool) -> dict[str, Any]:
    """The last comparison of each provider, its days, and the cases."""
    cases = pb.ListReconciliationCasesRequest(include_resolved=include_resolved, page_size=_MOST)
    with session_channel() as channel:
        stub = ReconciliationServiceStub(channel)
        runs = call(stub.ListReconciliationRuns, pb.ListReconciliationRunsRequest())
        found = call(stub.ListReconciliationCases, cases)
    return {"runs": [_plain(run) for run in runs.runs], "cases": [_plain(case) for case in found.cases]}


def _plain(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return plain
