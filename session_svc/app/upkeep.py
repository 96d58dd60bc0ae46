"""Work that goes on behind the calls, whatever happens to the neighbours."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from mesh import logs
from mesh.errors import Kind
from mesh.failures import understand

_log = logs.get("session_svc.upkeep")

_FIRST_PAUSE_S = 0.1
_TOLD = frozenset({1, 10, 100, 1_000, 10_000})
"""Failures in a row that are worth a line."""


async def persistently(
    name: str, work: Callable[[], Awaitable[None]], *, pause_s: float, longest_pause_s: float = 2.0
) -> None:
    """Do the work again and again, `pause_s` after each success. No failure ends it."""
    while True:
        await until_done(name, work, longest_pause_s=longest_pause_s)
        await asyncio.sleep(pause_s)


async def until_done(name: str, work: Callable[[], Awaitable[None]], *, longest_pause_s: float = 2.0) -> None:
    """Try until it succeeds: neighbours and databases come back."""
    failures = 0
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - told, then tried again
            failures += 1
            _report(name, error, failures)
            await asyncio.sleep(_backoff_s(failures, longest_pause_s))
        else:
            return


def _backoff_s(failures: int, longest_s: float) -> float:
    pause_s: float = min(_FIRST_PAUSE_S * 2 ** min(failures - 1, 10), longest_s)
    return pause_s * random.uniform(0.8, 1.2)  # noqa: S311 - spreads replicas, guards nothing


def _report(name: str, error: Exception, failures: int) -> None:
    if failures not in _TOLD:
        return
    if understand(error).kind is Kind.INTERNAL:
        _log.error("background work failed", work=name, failures=failures, error=error)
    else:
        _log.warning("background work waits", work=name, failures=failures, cause=repr(error))
