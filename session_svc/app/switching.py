"""Sessions that a kill switch has ended: switches stand in the ledger's registry, and no entry of its feed tells of them."""

from __future__ import annotations

import datetime as dt

from mesh import logs
from mesh.clock import Clock
from session_svc.app.ending import Endings
from session_svc.ports import Ledger, Sessions, Switch

_log = logs.get("session_svc.switching")

_AT_ONCE = 100
_REASON = "SYS.SUSPENDED"
_OVERLAP = dt.timedelta(minutes=5)
"""For how long a switch is looked at again: a session that was being launched when it was thrown is active later."""


class SwitchWatch:
    """Looks at the switches now and then. A switch that was taken back has ended what was open when it was thrown."""

    def __init__(self, sessions: Sessions, ledger: Ledger, endings: Endings, clock: Clock) -> None:
        self._sessions = sessions
        self._ledger = ledger
        self._endings = endings
        self._clock = clock
        self._done: set[Switch] = set()
        """Switches that have ended all that they could."""

    async def look(self) -> None:
        """Look once, and end what is over."""
        switches = frozenset(await self._ledger.switches())
        self._done &= switches
        for switch in sorted(switches - self._done, key=lambda one: one.since):
            await self._obey(switch)
            if self._clock.now() - switch.since > _OVERLAP:
                self._done.add(switch)

    async def _obey(self, switch: Switch) -> None:
        while stopped := await self._sessions.active_in(switch, limit=_AT_ONCE):
            for session in stopped:
                _log.info("session ended by a kill switch", session_id=session.session_id, scope=switch.scope.value)
                await self._endings.end_by_law(session, _REASON)
