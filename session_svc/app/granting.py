"""What licensees do with free rounds."""

from __future__ import annotations

from collections.abc import Callable

from mesh.clock import Clock
from mesh.errors import RequestInvalidError
from session_svc.app.offers import Offers
from session_svc.domain.grants import Grant, GrantOrder, GrantState, wrong_parts
from session_svc.errors import (
    FreeRoundsNotOfferedError,
    GrantNotFoundError,
    GrantOverError,
    GrantRefusedError,
    RequestConflictError,
)
from session_svc.ports import FreeRoundProviders, Grants


class GrantDesk:
    """Gives free rounds, and takes them back.

    A grant is written down before the provider is asked, under an id that goes along: whoever repeats an order, or
    comes after a crash, asks for the same grant again. The provider's answer is written down once, whoever brings it.
    """

    def __init__(
        self, *, grants: Grants, providers: FreeRoundProviders, offers: Offers, clock: Clock, new_id: Callable[[], str]
    ) -> None:
        self._grants = grants
        self._providers = providers
        self._offers = offers
        self._clock = clock
        self._new_id = new_id

    async def create(self, order: GrantOrder) -> Grant:
        """Give free rounds, or say what became of an earlier call with the same key."""
        grant = await self._begun(order)
        if grant.state is GrantState.ASKED:
            grant = await self._settled(grant)
        return _given(grant)

    async def get(self, licensee: str, grant_id: str) -> Grant:
        """One grant."""
        grant = await self._grants.find(licensee, grant_id)
        if grant is None:
            raise GrantNotFoundError(grant_id=grant_id)
        return grant

    async def page(self, licensee: str, *, player_id: str, before: str, size: int) -> tuple[list[Grant], bool]:
        """A page of grants, the newest first, and whether there are more."""
        found = await self._grants.page(licensee, player_id=player_id, before=before, limit=size + 1)
        return found[:size], len(found) > size

    async def cancel(self, licensee: str, grant_id: str) -> Grant:
        """Take back the rounds that were not played. Repeatable."""
        grant = await self.get(licensee, grant_id)
        state = grant.shown_state(self._clock.now())
        if state is GrantState.CANCELLED:
            return grant
        if state in {GrantState.EXPIRED, GrantState.REFUSED}:
            raise GrantOverError(grant_id=grant_id, state=state.name)
        if state is GrantState.ASKED:
            # Nobody knows its name at the provider before the provider has told it.
            grant = _given(await self._settled(grant))
        await self._providers.cancel_grant(grant)
        await self._grants.end(grant, GrantState.CANCELLED, self._clock.now())
        return await self.get(licensee, grant_id)

    async def _begun(self, order: GrantOrder) -> Grant:
        """The grant of this order: the one that its key already has, or a new one."""
        while True:
            known = await self._grants.by_key(order.licensee, order.client_key)
            if known is not None and known.order != order:
                raise RequestConflictError(client_key=order.client_key)
            if known is not None:
                return known
            now = self._clock.now()
            if wrong := wrong_parts(order, now):
                raise RequestInvalidError(violations=wrong)
            for game_id in order.game_ids:
                self._offers.require_game(order.provider, game_id, order.currency)
            fresh = Grant(grant_id=self._new_id(), order=order, state=GrantState.ASKED, created_at=now)
            if await self._grants.begin(fresh):
                return fresh

    async def _settled(self, grant: Grant) -> Grant:
        """The grant after the provider was asked."""
        try:
            reference = await self._providers.grant(grant)
        except FreeRoundsNotOfferedError:
            await self._grants.end(grant, GrantState.REFUSED, self._clock.now())
        except GrantRefusedError as refused:
            await self._grants.end(grant, GrantState.REFUSED, self._clock.now(), refusal=refused.metadata["code"])
        else:
            await self._grants.activate(grant, reference)
        return await self.get(grant.order.licensee, grant.grant_id)


def _given(grant: Grant) -> Grant:
    """The grant, unless the provider refused it: the same refusal for everybody who asks again."""
    if grant.state is not GrantState.REFUSED:
        return grant
    if grant.refusal:
        raise GrantRefusedError(provider=grant.order.provider, code=grant.refusal)
    raise FreeRoundsNotOfferedError(provider=grant.order.provider)
