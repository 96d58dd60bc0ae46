"""Payloads whose time is over are deleted, little by little. Their leaves stay."""

import asyncio

from audit_svc.ports import Keeping
from mesh import logs
from mesh.clock import Clock
from mesh.failures import understand

_log = logs.get("audit_svc.expiring")

_MOST_AT_ONCE = 1_000
_EVERY_S = 60.0


class Expiring:
    """Deletes until cancelled."""

    def __init__(self, keeping: Keeping, clock: Clock) -> None:
        self._keeping = keeping
        self._clock = clock

    async def run(self) -> None:
        """Look once a minute."""
        while True:
            try:
                while (gone := await self._keeping.expire(self._clock.now_us(), _MOST_AT_ONCE)) > 0:
                    _log.info("payloads expired", payloads=gone)
            except Exception as error:  # noqa: BLE001 - told, then tried again
                _log.warning("payloads cannot expire now", cause=repr(understand(error)))
            await asyncio.sleep(_EVERY_S)
