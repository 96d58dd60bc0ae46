"""Sessions as tests need them, brought to a state by the steps that lead there."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import uuid_utils

from session_svc.domain.session import LedgerPosition, Order, Session, token_digest
from session_svc.domain.states import State
from session_svc.ports import Launch, PlayOpened
from session_svc.store.sessions import PostgresSessions

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SIX_HOURS = dt.timedelta(hours=6)

_SEQUENCES = itertools.count(1_000)
_KEYS = itertools.count(1)


def opened_at(sequence: int | None = None) -> PlayOpened:
    position = LedgerPosition(shard=1, sequence=next(_SEQUENCES) if sequence is None else sequence)
    return PlayOpened(position=position, jurisdiction="gb")


def new(licensee: str, *, token: str = "", **changes: Any) -> tuple[Session, Launch]:
    """A session that is about to be written down, and its secrets."""
    session_id = str(uuid_utils.uuid7())
    token = token or f"token-{session_id}"
    fields = {
        "client_key": f"launch-{next(_KEYS)}",
        "player_id": "pl-1",
        "provider": "acme_slots",
        "game_id": "fruit",
        "currency": "EUR",
        **changes,
    }
    session = Session(
        session_id=session_id,
        order=Order(licensee=licensee, **fields),
        state=State.OPENING,
        created_at=NOON,
        expires_at=NOON + SIX_HOURS,
        token_digest=token_digest(token),
    )
    return session, Launch(token=token)


async def begun(sessions: PostgresSessions, licensee: str, **changes: Any) -> Session:
    session, launch = new(licensee, **changes)
    assert await sessions.begin(session, launch)
    return session


async def active(sessions: PostgresSessions, licensee: str, *, sequence: int | None = None, **changes: Any) -> Session:
    session = await begun(sessions, licensee, **changes)
    url = f"https://game.example/{session.session_id}"
    launched = await sessions.activate(session, url, opened_at(sequence), NOON)
    assert launched is not None
    assert launched.state is State.ACTIVE
    return launched
