"""Games for play money: the law is asked, the provider launches, and the ledger hears nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mesh.clock import Clock
from session_svc.app.offers import Offers
from session_svc.app.sessions import new_token
from session_svc.domain.session import DemoSession, Order
from session_svc.errors import AdapterSilentError, RequestConflictError
from session_svc.ports import DemoSessions, Launch, Law, Providers


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLaunched:
    """Play for play money, and the address that starts it."""

    demo: DemoSession
    url: str = field(repr=False)


class DemoDesk:
    """Opens games for play money. Every step can be done again, by a retry or by two callers at once."""

    def __init__(
        self,
        *,
        demos: DemoSessions,
        law: Law,
        providers: Providers,
        offers: Offers,
        clock: Clock,
        new_id: Callable[[], str],
        doubt: Callable[[str], None],
    ) -> None:
        self._demos = demos
        self._law = law
        self._providers = providers
        self._offers = offers
        self._clock = clock
        self._new_id = new_id
        self._doubt = doubt
        """Told the name of a provider whose adapter did not answer."""

    async def create(self, order: Order) -> DemoLaunched:
        """The address of a game, or the one that an earlier call with the same key got."""
        known = await self._demos.by_key(order.licensee, order.client_key)
        if known is None:
            known = await self._begun(order)
        demo, launch = known
        if demo.order != order:
            raise RequestConflictError(client_key=order.client_key)
        url = launch.url or await self._demos.launched(demo, await self._launch(demo, launch.token))
        return DemoLaunched(demo=demo, url=url)

    async def _begun(self, order: Order) -> tuple[DemoSession, Launch]:
        self._offers.require(order)
        # Before anything is written down: a refusal leaves nothing behind, and is asked for anew.
        pack = await self._law.allow_demo(order)
        fresh = DemoSession(session_id=self._new_id(), order=order, pack=pack, created_at=self._clock.now())
        await self._demos.begin(fresh, Launch(token=new_token()))
        # Ours, or that of a call with the same key that was faster.
        known = await self._demos.by_key(order.licensee, order.client_key)
        assert known is not None
        return known

    async def _launch(self, demo: DemoSession, token: str) -> str:
        try:
            return await self._providers.launch_demo(demo, token)
        except AdapterSilentError:
            self._doubt(demo.order.provider)
            raise
