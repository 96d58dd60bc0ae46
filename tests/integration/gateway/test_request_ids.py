"""A caller names its request, and the name stays as it is."""

from __future__ import annotations

import uuid

from tests.integration.gateway.conftest import Edge


def test_a_request_id_that_is_a_uuid_comes_back_unchanged(edge: Edge) -> None:
    name = str(uuid.UUID("00000000-0000-4000-8000-000000000001"))
    with edge.json() as client:
        answer = client.get("/v1/players/pl-1/balance", headers={"x-request-id": name})
    assert answer.headers["x-request-id"] == name
    (call,) = edge.wallet_calls()
    assert call.metadata["x-request-id"] == name
