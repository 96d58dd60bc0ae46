"""The session directory, as an adapter sees it.

What is cached never changes: a token names one session for ever. Whether that session may still
stake is decided by the ledger with each bet, so an old answer here costs nothing.

A provider that swaps tokens ends one token and keeps the session. Another process may do the swap, so for such a
provider a launch token is asked for each time, and only what came from a swap, or is over for good, is remembered.
"""

from __future__ import annotations

import collections
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.duration_pb2 import Duration

from mesh import logs
from mesh.channels import call_metadata
from mesh.status import read_error
from pitboss.session.v1.session_directory_service_pb2 import (
    TOKEN_ROLE_PLAY,
    TOKEN_ROLE_SWAPPED,
    ResolveSessionRequest,
    ResolveSessionResponse,
    SwapTokenRequest,
    SwapTokenResponse,
)
from provider_adapters._kit.budget import Budget
from provider_adapters._kit.http import current_request_id
from provider_adapters._kit.manifest import Capability, Manifest
from provider_adapters._kit.ports import SessionFacts, SessionsDownError, TokenSwappedError
from provider_adapters._kit.references import PlayerReference

if TYPE_CHECKING:
    # Only the stubs have it.
    from pitboss.session.v1.session_directory_service_pb2_grpc import SessionDirectoryServiceAsyncStub

_log = logs.get("adapter_sessions")

_NEWEST_IS_FRESH_S = 1.0
"""A player's newest session changes with each launch; other adapter processes launch too."""
_SWAPPED, _DEMO = "ERROR_REASON_TOKEN_SWAPPED", "ERROR_REASON_DEMO_SESSION"
_ENDED = "ERROR_REASON_SESSION_ENDED"
_TIMEOUT_S, _SHARE = 1.0, 1 / 3
"""The directory has a second, or this part of the time that is left if that is more: a patient provider hears of the session."""


class FactsCache:
    """Bounded; the entry that was used longest ago leaves first."""

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._clock = clock
        self._entries: collections.OrderedDict[str, tuple[float, SessionFacts]] = collections.OrderedDict()

    def put(self, key: str, facts: SessionFacts) -> None:
        """Remember."""
        self._entries[key] = (self._clock(), facts)
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def get(self, key: str, *, fresh_s: float | None = None) -> SessionFacts | None:
        """What is known, if it was learnt within `fresh_s`."""
        known = self._entries.get(key)
        if known is None or (fresh_s is not None and self._clock() - known[0] > fresh_s):
            return None
        self._entries.move_to_end(key)
        return known[1]

    def forget(self, key: str) -> None:
        """As if it had never been known."""
        self._entries.pop(key, None)


class DirectorySessions:
    """`ports.Sessions` over SessionDirectoryService."""

    def __init__(
        self,
        directory: SessionDirectoryServiceAsyncStub,
        *,
        swaps: bool = False,
        grace_ms: int = 0,
        cache_size: int = 50_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._swaps = swaps
        self._grace_ms = grace_ms
        self._tokens = FactsCache(cache_size, clock)
        self._newest = FactsCache(cache_size, clock)

    @classmethod
    def of(cls, manifest: Manifest, directory: SessionDirectoryServiceAsyncStub) -> DirectorySessions:
        """For the provider with this manifest."""
        swaps = Capability.TOKEN_SWAP in manifest.capabilities
        return cls(directory, swaps=swaps, grace_ms=manifest.token_grace_ms)

    async def by_token(self, token: str, budget: Budget) -> SessionFacts | None:
        """See `ports.Sessions`."""
        known = self._tokens.get(token)
        if known is not None and not (self._swaps and known.may_be_swapped):
            return known
        facts = await self._resolve(ResolveSessionRequest(token=token, exact=self._swaps), budget)
        if facts is not None:
            self._tokens.put(token, facts)
        return facts

    async def swap(self, token: str, budget: Budget, *, key: str = "") -> SessionFacts | None:
        """See `ports.Sessions`."""
        grace = Duration()
        grace.FromMilliseconds(self._grace_ms)
        request = SwapTokenRequest(token=token, swap_key=key, grace=grace)
        facts = await self._asked(self._directory.SwapToken, request, budget)
        if facts is not None:
            self._tokens.forget(token)
            self._tokens.put(facts.token, facts)
        return facts

    async def by_player(self, player: PlayerReference, budget: Budget) -> SessionFacts | None:
        """See `ports.Sessions`. While the directory is down an older answer is good enough to try."""
        key = str(player)
        known = self._newest.get(key, fresh_s=_NEWEST_IS_FRESH_S)
        if known is not None:
            return known
        try:
            facts = await self._resolve(ResolveSessionRequest(player_reference=key), budget)
        except SessionsDownError:
            stale = self._newest.get(key)
            if stale is None:
                raise
            return stale
        if facts is not None:
            self._newest.put(key, facts)
        return facts

    def known(self, token: str) -> SessionFacts | None:
        """See `ports.Sessions`."""
        return self._tokens.get(token)

    def launched(self, facts: SessionFacts) -> None:
        """A session that was just launched here is the newest one, and need not be asked for."""
        self._tokens.put(facts.token, facts)
        self._newest.put(str(facts.player), facts)

    async def _resolve(self, request: ResolveSessionRequest, budget: Budget) -> SessionFacts | None:
        return await self._asked(self._directory.ResolveSession, request, budget)

    async def _asked(self, call: Any, request: object, budget: Budget) -> SessionFacts | None:  # noqa: ANN401 - a method of the stub
        metadata = call_metadata(request_id=current_request_id() or None)
        try:
            timeout_s = budget.capped(max(_TIMEOUT_S, budget.remaining() * _SHARE))
            reply = await call(request, timeout=timeout_s, metadata=metadata)
        except grpc.RpcError as error:
            told = read_error(error)
            if told.code is grpc.StatusCode.NOT_FOUND or told.reason == _ENDED:
                return None
            if told.reason == _SWAPPED:
                raise TokenSwappedError from error
            if told.reason == _DEMO:
                # The provider must not call for play money at all. It hears what it hears of a token that nobody has.
                _log.warning(
                    "token of a demo refused", reason=told.reason, session_id=told.metadata.get("session_id", "")
                )
                return None
            _log.warning("session directory failed", code=told.code.name, reason=told.reason)
            raise SessionsDownError from error
        return facts_of(reply)


def facts_of(reply: ResolveSessionResponse | SwapTokenResponse) -> SessionFacts:
    """What never changes about the resolved session, and about its token unless it may be swapped."""
    is_over = reply.token_role == TOKEN_ROLE_SWAPPED
    return SessionFacts(
        session_id="" if is_over else reply.session.session_id,
        player=PlayerReference(licensee=reply.licensee_id, player_id=reply.session.player_id),
        game_id=reply.session.game_id,
        currency_code=reply.session.currency_code,
        token=reply.token,
        country=reply.country,
        jurisdiction=reply.jurisdiction,
        may_be_swapped=not is_over and reply.token_role != TOKEN_ROLE_PLAY,
    )
