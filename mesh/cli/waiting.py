"""The calls that a licensee's own wallet has not answered, as the platform team asks for them."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format

from mesh.cli.platform import call, wallet_channel
from pitboss.wallet.v1 import history_service_pb2 as history
from pitboss.wallet.v1.history_service_pb2_grpc import HistoryServiceStub

_PAGE = 1000


def calls(licensee: str, player: str, *, stuck_only: bool) -> list[dict[str, Any]]:
    """All of them, in the order of the ledger."""
    found: list[dict[str, Any]] = []
    request = history.ListPendingCallsRequest(player_id=player, stuck_only=stuck_only, page_size=_PAGE)
    with wallet_channel() as channel:
        stub = HistoryServiceStub(channel)
        while True:
            page = call(stub.ListPendingCalls, request, licensee=licensee)
            found += [json_format.MessageToDict(each, preserving_proto_field_name=True) for each in page.calls]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token


def retry(licensee: str, call_id: str) -> None:
    """Make one of them due now."""
    with wallet_channel() as channel:
        request = history.RetryPendingCallRequest(call_id=call_id)
        call(HistoryServiceStub(channel).RetryPendingCall, request, licensee=licensee)
