"""A call without an answer in time is made again with its key."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from pitboss_demo.patient import PatientClient
from pitboss_sdk import AsyncClient
from pitboss_sdk.errors import DeadlineExceededError
from pitboss_sdk.failure import Failure

LATE = Failure(code=grpc.StatusCode.DEADLINE_EXCEEDED)


async def test_the_same_call_is_made_until_there_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    async def run(_: AsyncClient, call: object, timeout_s: float | None) -> str:
        made.append(call)
        if len(made) < 3:
            raise DeadlineExceededError(LATE)
        return "done"

    monkeypatch.setattr(AsyncClient, "_run", run)
    call: Any = object()
    assert await PatientClient("localhost:1", token="t", plaintext=True)._run(call, None) == "done"
    assert made == [call] * 3
