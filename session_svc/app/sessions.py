"""What licensees do with sessions."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from mesh import logs
from mesh.clock import Clock
from mesh.errors import DependencyDownError, MeshError
from session_svc.app.ending import Endings
from session_svc.app.offers import Offers
from session_svc.domain.session import Assertion, Order, Session, token_digest
from session_svc.domain.states import ATTEMPT_FAILED, HALF_ENDED, State
from session_svc.errors import (
    AdapterSilentError,
    LaunchFailedError,
    RequestConflictError,
    SessionEndedError,
    SessionNotFoundError,
)
from session_svc.ports import Launch, Law, PlayOpened, Providers, Sessions

_log = logs.get("session_svc.sessions")

_TOKEN_BYTES = 32


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A session and the address that starts its game."""

    session: Session
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMaker:
    """Makes sessions that nobody has heard of yet."""

    clock: Clock
    lifetime: dt.timedelta
    new_id: Callable[[], str]

    def make(self, order: Order) -> tuple[Session, Launch]:
        """A session for an order, and its secrets."""
        token, now = new_token(), self.clock.now()
        session = Session(
            session_id=self.new_id(),
            order=order,
            state=State.OPENING,
            created_at=now,
            expires_at=now + self.lifetime,
            token_digest=token_digest(token),
        )
        return session, Launch(token=token)


class SessionDesk:
    """Creates, reads, closes and recovers sessions.

    Every step of a creation can be done again: the session is written down first, the ledger opens it under its id, the
    provider gets the same token, and the first address that is stored is the one that everybody gets.
    """

    def __init__(
        self,
        *,
        sessions: Sessions,
        law: Law,
        providers: Providers,
        offers: Offers,
        endings: Endings,
        maker: SessionMaker,
        clock: Clock,
        doubt: Callable[[str], None],
    ) -> None:
        self._sessions = sessions
        self._law = law
        self._providers = providers
        self._offers = offers
        self._endings = endings
        self._maker = maker
        self._clock = clock
        self._doubt = doubt
        """Told the name of a provider whose adapter did not answer."""

    async def create(self, order: Order, assertion: Assertion | None = None) -> Launched:
        """Open play and fetch the launch address, or go on where an earlier call with the same key stopped."""
        session = await self._begun(order)
        if session.state is State.OPENING:
            session = await self._open(session, assertion)
        await self._endings.finish_older(session)
        if session.state is State.ENDED:
            # The law has ended it since: whoever asks again hears that, and gets no way into the game.
            return Launched(session=session, url="")
        return Launched(session=session, url=(await self._sessions.launch_of(session)).url)

    async def get(self, licensee: str, session_id: str) -> Session:
        """One session."""
        session = await self._sessions.find(licensee, session_id)
        if session is None or not session.was_launched:
            raise SessionNotFoundError(session_id=session_id)
        return session

    async def close(self, licensee: str, session_id: str) -> Session:
        """End a session. Repeatable: one that has ended stays as it is."""
        session = await self.get(licensee, session_id)
        if session.shown_state(self._clock.now()) is State.ACTIVE:
            await self._endings.end(session, State.CLOSING)
            session = await self.get(licensee, session_id)
        if session.state in HALF_ENDED:
            # Begun by another call, or by this one before the ledger went away.
            await self._endings.finish(session)
            session = await self.get(licensee, session_id)
        return session

    async def recover(self, licensee: str, session_id: str, device: str) -> Launched:
        """A fresh launch address for an active session. Its token stays the same, unless the provider has swapped it."""
        session = await self.get(licensee, session_id)
        state = session.shown_state(self._clock.now())
        if session.state in HALF_ENDED:
            _, state = HALF_ENDED[session.state]
        if state is not State.ACTIVE:
            raise SessionEndedError(session_id=session_id, state=state.name)
        self._offers.require(session.order)
        return Launched(session=session, url=await self._launch(session, device))

    async def _begun(self, order: Order) -> Session:
        """The session of this order: the one that its key already has, or a new one."""
        while True:
            known = await self._sessions.newest_attempt(order.licensee, order.client_key)
            if known is not None and known.order != order:
                raise RequestConflictError(client_key=order.client_key)
            if known is not None and known.state not in ATTEMPT_FAILED:
                return known
            self._offers.require(order)
            fresh, launch = self._maker.make(order)
            if await self._sessions.begin(fresh, launch):
                return fresh
            # Another call with the same key was faster: its session is ours too.

    async def _open(self, session: Session, assertion: Assertion | None) -> Session:
        opened = await self._opened(session, assertion)
        try:
            url = await self._launch(session, session.order.device)
        except LaunchFailedError:
            return await self._failed(session)
        active = await self._sessions.activate(session, url, opened, self._clock.now())
        if active is not None and active.state is State.ACTIVE:
            return active
        return await self._overtaken(session)

    async def _opened(self, session: Session, assertion: Assertion | None) -> PlayOpened:
        try:
            return await self._law.open_play(session, assertion)
        except DependencyDownError:
            raise
        except MeshError:
            # Refused for good: the ledger has opened nothing, so there is nothing to end in it.
            await self._sessions.move(session, State.FAILED, self._clock.now())
            raise

    async def _launch(self, session: Session, device: str) -> str:
        known = await self._sessions.relaunch(session, new_token())
        try:
            return await self._providers.launch(session, known.token, device)
        except AdapterSilentError:
            self._doubt(session.order.provider)
            raise

    async def _failed(self, session: Session) -> Session:
        """End what the ledger has opened, and say that the launch failed."""
        try:
            await self._endings.end(session, State.FAILING)
        except DependencyDownError:
            _log.warning("failed launch is still open in the ledger", session_id=session.session_id)
        return await self._overtaken(session)

    async def _overtaken(self, session: Session) -> Session:
        """What became of a session while we were busy: perhaps a call with the same key got further."""
        now = await self._sessions.find(session.order.licensee, session.session_id)
        if now is None or not now.was_launched:
            raise LaunchFailedError(provider=session.order.provider, retry_after=1.0)
        return now
