"""Watches whether the file answers, and tells the wallets. What cannot be believed is silence here too."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import grpc.aio

from fact_sources.lease import HealthLease
from mesh import logs
from pitboss.wallet.v1 import registry_service_pb2
from pitboss.wallet.v1.registry_service_pb2_grpc import RegistryServiceStub

_log = logs.get("fact_sources.limit_file")

_TIMEOUT_S: Final = 4.0


class Teller(Protocol):
    """Whoever is told how the file is."""

    async def tell(self, *, silent: bool) -> bool: ...


class Telling:
    """Says in the wallets' registry whether the file answers."""

    def __init__(self, channels: Sequence[grpc.aio.Channel], name: str, *, hold_ms: int) -> None:
        self._stubs = [RegistryServiceStub(channel) for channel in channels]
        self._name = name
        self._hold_ms = hold_ms

    async def tell(self, *, silent: bool) -> bool:
        """True once a wallet has taken it."""
        request = registry_service_pb2.PutSourceHealthRequest(
            source=registry_service_pb2.FACT_SOURCE_LIMIT_FILE, name=self._name, silent=silent
        )
        request.hold.FromMilliseconds(self._hold_ms)
        for stub in self._stubs:
            try:
                await stub.PutSourceHealth(request, timeout=_TIMEOUT_S)
            except grpc.aio.AioRpcError:
                continue
            return True
        return False


class Watch:
    """Asks again and again, and tells what is new, and what would soon be forgotten: a word holds for a time only."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[bool]],
        teller: Teller,
        *,
        every_s: float,
        hold_s: float,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._teller = teller
        self._every_s = every_s
        self._lease = HealthLease(hold_s)
        self._now_s = now_s

    async def once(self) -> None:
        """Ask, and tell if that is needed. What nobody could be told is told the next time."""
        silent, now_s = not await self._ask(), self._now_s()
        if not self._lease.is_due(silent=silent, now_s=now_s):
            return
        if not await self._teller.tell(silent=silent):
            _log.warning("no wallet could be told how the file is")
            self._lease.silent = None
            return
        if silent != bool(self._lease.silent):
            _log.warning("the file is silent" if silent else "the file answers again")
        self._lease.renew(silent=silent, now_s=now_s)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._every_s)
