"""Ending sessions: half a step here, the ledger, then the other half."""

from __future__ import annotations

from mesh.clock import Clock
from session_svc.domain.session import Session
from session_svc.domain.states import HALF_ENDED, PlayEnd, State
from session_svc.ports import Ledger, SessionCache, Sessions


class Endings:
    """Brings sessions to their end, also those that a crash left half way."""

    def __init__(self, sessions: Sessions, ledger: Ledger, cache: SessionCache, clock: Clock) -> None:
        self._sessions = sessions
        self._ledger = ledger
        self._cache = cache
        self._clock = clock

    async def end(self, session: Session, by: State) -> Session | None:
        """End a session by way of `by`, one of the half ends; None if it was not there to end."""
        begun = await self._sessions.move(session, by, self._clock.now())
        return await self.finish(begun) if begun is not None else None

    async def finish(self, session: Session) -> Session | None:
        """Tell the ledger what it has yet to be told, then write the end down; None if somebody else did."""
        end, state = HALF_ENDED[session.state]
        await self._ledger.end_play(session, end)
        ended = await self._sessions.move(session, state, self._clock.now())
        await self._cache.forget(session.token_digest)
        return ended

    async def end_by_law(self, session: Session, reason: str) -> Session | None:
        """End a session by a reason of the law that the ledger hears of only now; None if somebody else ended it."""
        await self._ledger.end_play(session, PlayEnd.CLOSED)
        ended = await self._sessions.move(session, State.ENDED, self._clock.now(), reason=reason)
        await self._cache.forget(session.token_digest)
        return ended

    async def finish_older(self, session: Session) -> None:
        """Make sure that no older session of the same player at the same provider can stake."""
        for older in await self._sessions.half_ended_of_player(session):
            await self.finish(older)
