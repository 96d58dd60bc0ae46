"""Whose session a provider means, and by which token it means it from now on."""

from __future__ import annotations

import datetime as dt

from mesh.clock import Clock
from session_svc.app.sessions import new_token
from session_svc.domain.session import PlayerReference, Session, Swap, TokenRole, token_digest
from session_svc.domain.states import State
from session_svc.errors import DemoSessionError, SessionEndedError, SessionNotFoundError, TokenSwappedError
from session_svc.ports import DemoSessions, Holder, KnownSession, SessionCache, Sessions


class Directory:
    """Finds sessions for adapters, ended ones too: their wins and cancels still come."""

    def __init__(self, sessions: Sessions, demos: DemoSessions, cache: SessionCache, clock: Clock) -> None:
        self._sessions = sessions
        self._demos = demos
        self._cache = cache
        self._clock = clock

    async def by_token(self, provider: str, token: str, *, exact: bool = False) -> KnownSession:
        """The session of a token, if it was launched at this provider. `exact`: the token may have been swapped."""
        holder = await self._holder(token, exact=exact)
        if holder is None and (demo := await self._demos.of_token(token)) is not None:
            raise DemoSessionError(session_id=demo)
        if holder is None or holder.session.order.provider != provider:
            raise SessionNotFoundError(provider=provider)
        return KnownSession(session=holder.session, token=token, role=holder.role)

    async def by_player(self, provider: str, reference: str) -> KnownSession:
        """The newest session of a player at this provider."""
        player = PlayerReference.parse(reference)
        if player is None:
            raise SessionNotFoundError(provider=provider)
        known = await self._sessions.newest_of_player(provider, player.licensee, player.player_id)
        if known is None:
            raise SessionNotFoundError(provider=provider)
        return known

    async def swap(self, provider: str, token: str, *, key: str, grace: dt.timedelta) -> KnownSession:
        """Another token for a launch token: the same one for each retry. A token from a swap is given back."""
        known = await self.by_token(provider, token, exact=True)
        if known.role is TokenRole.PLAY:
            return known
        if known.session.state is State.ENDED:
            return await self._swapped_before(known.session, token, key)
        now = self._clock.now()
        wanted = Swap(token=new_token(), key=key, at=now, ends_at=now + grace)
        kept = await self._sessions.swap(known.session, token, wanted)
        if kept.key != key:
            raise TokenSwappedError(session_id=known.session.session_id)
        return KnownSession(session=known.session, token=kept.token, role=TokenRole.PLAY)

    async def _swapped_before(self, session: Session, token: str, key: str) -> KnownSession:
        """What a token was swapped for before the law ended its session: a retry gets it, and nobody a new one."""
        kept = await self._sessions.swap_of(session, token)
        if kept is None:
            raise SessionEndedError(session_id=session.session_id, state=session.state.name)
        if kept.key != key:
            raise TokenSwappedError(session_id=session.session_id)
        return KnownSession(session=session, token=kept.token, role=TokenRole.PLAY)

    async def _holder(self, token: str, *, exact: bool) -> Holder | None:
        digest = token_digest(token)
        copy = await self._cache.get(digest)
        # What came from a swap never changes. Anything else may have been swapped since the copy was made.
        if copy is not None and (copy.role is TokenRole.PLAY or not exact):
            return copy
        holder = await self._sessions.by_token(token, self._clock.now())
        # An opening session still lacks its jurisdiction, and is about to change.
        if holder is not None and holder.session.state is not State.OPENING:
            await self._cache.put(digest, holder)
        return holder
