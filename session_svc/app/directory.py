"""Whose session a provider means."""

from __future__ import annotations

from session_svc.domain.session import PlayerReference, Session, token_digest
from session_svc.domain.states import State
from session_svc.errors import SessionNotFoundError
from session_svc.ports import KnownSession, SessionCache, Sessions


class Directory:
    """Finds sessions for adapters, ended ones too: their wins and cancels still come."""

    def __init__(self, sessions: Sessions, cache: SessionCache) -> None:
        self._sessions = sessions
        self._cache = cache

    async def by_token(self, provider: str, token: str) -> KnownSession:
        """The session of a launch token, if it was launched at this provider."""
        session = await self._of_token(token)
        if session is None or session.order.provider != provider:
            raise SessionNotFoundError(provider=provider)
        return KnownSession(session=session, token=token)

    async def by_player(self, provider: str, reference: str) -> KnownSession:
        """The newest session of a player at this provider."""
        player = PlayerReference.parse(reference)
        if player is None:
            raise SessionNotFoundError(provider=provider)
        known = await self._sessions.newest_of_player(provider, player.licensee, player.player_id)
        if known is None:
            raise SessionNotFoundError(provider=provider)
        return known

    async def _of_token(self, token: str) -> Session | None:
        digest = token_digest(token)
        session = await self._cache.get(digest)
        if session is None:
            session = await self._sessions.by_token(token)
            # An opening session still lacks its jurisdiction, and is about to change.
            if session is not None and session.state is not State.OPENING:
                await self._cache.put(digest, session)
        return session
