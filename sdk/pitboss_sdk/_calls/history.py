"""Calls about what happened to money."""

from __future__ import annotations

from pitboss_sdk import _reading as reading
from pitboss_sdk._conversation import Plain, Send
from pitboss_sdk._stubs.pitboss.wallet.v1 import history_service_pb2 as pb
from pitboss_sdk.values import Statement


def statement(player_id: str, currency_code: str, after_cursor: str, page_size: int) -> Plain[Statement]:
    """A page of a player's statement."""
    request = pb.ListStatementLinesRequest(
        player_id=player_id, currency_code=currency_code, after_cursor=after_cursor, page_size=page_size
    )
    return Plain(
        first=Send(method=lambda stubs: stubs.history.ListStatementLines, request=request), read=reading.statement
    )
