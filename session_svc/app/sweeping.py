"""Sessions whose time is over, also the time that their player fixed, and sessions that a crash left half way."""

from __future__ import annotations

import datetime as dt

from mesh import logs
from mesh.clock import Clock
from mesh.errors import DependencyDownError, MeshError
from session_svc.app.ending import Endings
from session_svc.domain.session import Session
from session_svc.domain.states import State
from session_svc.ports import Sessions

_log = logs.get("session_svc.sweeping")

_AT_ONCE = 100
_TIME_LIMIT = "SES.TIME_LIMIT"
"""The law's word for a session whose own time is over."""


class Sweeper:
    """Several replicas may sweep: every step is taken once."""

    def __init__(
        self,
        sessions: Sessions,
        endings: Endings,
        clock: Clock,
        *,
        patience: dt.timedelta,
        opening_patience: dt.timedelta,
    ) -> None:
        self._sessions = sessions
        self._endings = endings
        self._clock = clock
        self._patience = patience
        self._opening_patience = opening_patience

    async def sweep(self) -> None:
        """Go round once."""
        while await self._sessions.expire_due(self._clock.now(), limit=_AT_ONCE):
            pass
        while due := await self._sessions.out_of_time(self._clock.now(), limit=_AT_ONCE):
            for session in due:
                _log.info("session's own time is over", session_id=session.session_id)
                await self._endings.end_by_law(session, _TIME_LIMIT)
        now = self._clock.now()
        left = await self._sessions.unfinished(
            before=now - self._patience, opening_before=now - self._opening_patience, limit=_AT_ONCE
        )
        for session in left:
            try:
                await self._finish(session)
            except DependencyDownError:
                raise
            except MeshError as error:
                # One that nobody can finish does not hold up the others.
                _log.error("cannot be finished", session_id=session.session_id, error=error)

    async def _finish(self, session: Session) -> None:
        _log.info("finishing what was left half way", session_id=session.session_id, state=session.state.value)
        if session.state is State.OPENING:
            # Nobody came back to complete the launch. A later retry begins anew.
            await self._endings.end(session, State.FAILING)
        else:
            await self._endings.finish(session)
