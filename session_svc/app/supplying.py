"""Where the catalog comes from: the providers' lists and their health."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial

from mesh import logs
from mesh.errors import DependencyDownError, MeshError
from session_svc.app.offers import Offers
from session_svc.app.upkeep import persistently
from session_svc.domain.catalog import acceptable
from session_svc.ports import Games, Ledger, Providers

_log = logs.get("session_svc.supplying")


class Supply:
    """Keeps lists and health of every provider up to date, each provider on its own."""

    def __init__(
        self,
        *,
        providers: Providers,
        ledger: Ledger,
        games: Games,
        offers: Offers,
        fetch_every_s: float,
        reload_every_s: float,
        first_answer_s: float,
    ) -> None:
        self._providers = providers
        self._ledger = ledger
        self._games = games
        self._offers = offers
        self._fetch_every_s = fetch_every_s
        self._reload_every_s = reload_every_s
        self._first_answer_s = first_answer_s
        self._stale = {name: asyncio.Event() for name in providers.names}
        self._introduced: set[str] = set()
        self._trust: dict[str, asyncio.Timeout] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(persistently("catalog", self._reload, pause_s=self._reload_every_s))
            for name in sorted(self._providers.names):
                watch, fetch = partial(self._watch, name), partial(self._fetch, name)
                tasks.create_task(persistently(f"health of {name}", watch, pause_s=0.02, longest_pause_s=0.5))
                tasks.create_task(persistently(f"games of {name}", fetch, pause_s=0.0))
                self._stale[name].set()

    def doubt(self, provider: str) -> None:
        """Ask anew how a provider is: its stream is open, but its adapter answers nothing."""
        if (trust := self._trust.get(provider)) is not None:
            trust.reschedule(asyncio.get_running_loop().time())

    async def _reload(self) -> None:
        """Show what is written down; another replica may have brought news."""
        await self._offers.reload(self._games)

    async def _watch(self, provider: str) -> None:
        """Follow the health of a provider until the stream breaks.

        Streams also end when a connection has grown old and nobody is ill. So a broken one is opened again at once,
        and only if that gets no answer is the provider hidden.
        """
        async with aclosing(self._providers.health(provider)) as states:
            try:
                async with asyncio.timeout(self._first_answer_s):
                    self._heard(provider, up=await anext(states))
            except (MeshError, TimeoutError, StopAsyncIteration):
                self._offers.provider_is(provider, up=False)
                raise DependencyDownError(dependency=f"provider_adapters/{provider}") from None
            await self._listen(provider, states)

    async def _listen(self, provider: str, states: AsyncIterator[bool]) -> None:
        """Take over every change until the stream breaks or is doubted."""
        try:
            async with asyncio.timeout(None) as self._trust[provider]:
                async for up in states:
                    self._heard(provider, up=up)
        except (DependencyDownError, TimeoutError):
            return
        finally:
            del self._trust[provider]

    def _heard(self, provider: str, *, up: bool) -> None:
        self._offers.provider_is(provider, up=up)
        if up:
            # Whoever was away may come back with other games.
            self._stale[provider].set()

    async def _fetch(self, provider: str) -> None:
        """Take over the provider's list when there may be news."""
        stale = self._stale[provider]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._fetch_every_s):
                await stale.wait()
        stale.clear()
        try:
            await self._take_over(provider)
        except BaseException:
            stale.set()
            raise

    async def _take_over(self, provider: str) -> None:
        self._offers.abilities_are(provider, await self._providers.abilities(provider))
        told = await self._providers.games(provider)
        games = acceptable(told)
        if len(games) < len(told):
            _log.warning("games left out", provider=provider, told=len(told), usable=len(games))
        if not games:
            # No provider closes its whole house by saying nothing.
            raise DependencyDownError(dependency=f"provider_adapters/{provider}")
        await self._games.put(provider, games)
        await self._reload()
        if await self._register(provider):
            await self._reload()

    async def _register(self, provider: str) -> bool:
        """Let the ledger know what it does not know yet; everything, the first time: it may have been restored."""
        known = [game for game in await self._games.all() if game.provider == provider]
        news = [game for game in known if not game.registered or provider not in self._introduced]
        if news:
            await self._ledger.put_games(provider, news)
            await self._games.registered(news)
            _log.info("games registered", provider=provider, games=len(news))
        self._introduced.add(provider)
        return bool(news)
