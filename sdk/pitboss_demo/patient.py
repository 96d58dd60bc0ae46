"""The SDK's client of licensees that call again with the same key when a call had no answer in time."""

from __future__ import annotations

import time
from typing import Final, TypeVar

from pitboss_sdk import AsyncClient
from pitboss_sdk._conversation import Call
from pitboss_sdk.errors import DeadlineExceededError

Value = TypeVar("Value")

PATIENCE_S: Final = 60.0
"""All of the mesh shares one machine with whoever else is there, and the gateway ends calls after seconds."""


class PatientClient(AsyncClient):
    """Each call keeps its key, so it is done once, however often it is asked for."""

    async def _run(self, call: Call[Value], timeout_s: float | None) -> Value:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await super()._run(call, timeout_s)
            except DeadlineExceededError:
                if time.monotonic() > end:
                    raise
