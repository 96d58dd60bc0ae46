"""Sessions in Valkey.

What is kept for long never changes: whose session it is, at which provider, in which currency. Only state and end
change, and an old answer about those is harmless: whether a session may stake is decided by the ledger with each bet, its
expiry is computed from a time that never moves, and wins and cancels are accepted in every state. So a cache that lost
an invalidation shows an ended session as active for `TTL_MS` at most, and nothing else. The newest session of a
player is not kept: an old answer there would send bets to the wrong session. A launch token can be swapped at any moment:
where that may happen, a copy is believed only about tokens that came from a swap.

Entries are sealed like secrets at rest. Whoever can write to Valkey cannot turn a token into another player's session.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

import orjson

from mesh.cache import Cache
from session_svc.domain.session import Order, Session, TokenRole
from session_svc.domain.states import State
from session_svc.ports import Holder
from session_svc.store.sealing import SealBrokenError, Vault

TTL_MS = 30_000


class ValkeySessions:
    """Implements `ports.SessionCache`."""

    def __init__(self, cache: Cache, vault: Vault) -> None:
        self._cache = cache
        self._vault = vault

    async def get(self, digest: bytes) -> Holder | None:
        sealed = await self._cache.get(_key(digest))
        if sealed is None:
            return None
        try:
            return _decoded(self._vault.open(sealed, digest), digest)
        except (SealBrokenError, ValueError, TypeError, KeyError):
            # Written by another version, under another key, or by somebody else: PostgreSQL knows better.
            return None

    async def put(self, digest: bytes, holder: Holder) -> None:
        await self._cache.set(_key(digest), self._vault.seal(_encoded(holder), digest), ttl_ms=TTL_MS)

    async def forget(self, digest: bytes) -> None:
        await self._cache.delete(_key(digest))


def _key(digest: bytes) -> str:
    return f"session:{digest.hex()}"


def _encoded(holder: Holder) -> bytes:
    return orjson.dumps({**asdict(holder.session), "token_digest": None, "role": holder.role})


def _decoded(raw: bytes, digest: bytes) -> Holder:
    fields = orjson.loads(raw)
    ended_at = fields["ended_at"]
    session = Session(
        session_id=fields["session_id"],
        order=Order(**fields["order"]),
        state=State(fields["state"]),
        created_at=dt.datetime.fromisoformat(fields["created_at"]),
        expires_at=dt.datetime.fromisoformat(fields["expires_at"]),
        ended_at=dt.datetime.fromisoformat(ended_at) if ended_at else None,
        end_reason=fields["end_reason"],
        jurisdiction=fields["jurisdiction"],
        token_digest=digest,
    )
    return Holder(session=session, role=TokenRole(fields["role"]))


class NoCache:
    """Implements `ports.SessionCache` where there is no Valkey."""

    async def get(self, digest: bytes) -> Holder | None:  # noqa: ARG002 - the port's signature
        return None

    async def put(self, digest: bytes, holder: Holder) -> None:
        """Nothing is remembered."""

    async def forget(self, digest: bytes) -> None:
        """Nothing was remembered."""
