"""What can be launched now: the catalog as last read, and which providers are up."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Iterable
from typing import NamedTuple

from mesh import logs
from session_svc.app.bell import Bell
from session_svc.domain.catalog import Catalog, GameKey, Offer, offer
from session_svc.domain.session import Order
from session_svc.errors import GameNotAvailableError, GameNotFoundError, ProviderNotFoundError
from session_svc.ports import Games

_log = logs.get("session_svc.offers")


class Mark(NamedTuple):
    """How far a watcher has seen the changes of one process."""

    life: str
    version: int


class Offers:
    """The one place that knows. Every change of an offer gets a version, so that watchers read only what is new."""

    def __init__(self, providers: Iterable[str]) -> None:
        self._providers = frozenset(providers)
        self._up: set[str] = set()
        self._abilities: dict[str, frozenset[str]] = {}
        self._catalog = Catalog()
        self._shown: dict[GameKey, Offer] = {}
        self._versions: dict[GameKey, int] = {}
        self._version = 0
        self._life = secrets.token_hex(8)
        self._bell = Bell()

    def provider_is(self, provider: str, *, up: bool) -> None:
        """Hide a provider's games, or show them again. Holds for every call from now on."""
        if up is (provider in self._up):
            return
        (self._up.add if up else self._up.discard)(provider)
        _log.info("provider shown" if up else "provider hidden", provider=provider)
        self._publish()

    def catalog_is(self, catalog: Catalog) -> None:
        """Show another catalog."""
        self._catalog = catalog
        self._publish()

    async def reload(self, games: Games) -> None:
        """Show the catalog as it is written down."""
        self.catalog_is(Catalog(await games.all()))

    def require(self, order: Order) -> None:
        """Refuse an order for a game that cannot be launched now."""
        self.require_game(order.provider, order.game_id, order.currency)
        refused = self._shown[order.provider, order.game_id].game.refused_countries
        # Nobody knows that a player without a country is not in one of these.
        if refused and (not order.country or order.country in refused):
            raise GameNotAvailableError(provider=order.provider, game_id=order.game_id, country=order.country)

    def require_game(self, provider: str, game_id: str, currency: str) -> None:
        """Refuse a game that cannot be launched now in this currency."""
        if provider not in self._providers:
            raise ProviderNotFoundError(provider=provider)
        found = self._shown.get((provider, game_id))
        if found is None or not found.available:
            raise GameNotAvailableError(provider=provider, game_id=game_id)
        if found.game.currencies and currency not in found.game.currencies:
            raise GameNotAvailableError(provider=provider, game_id=game_id, currency_code=currency)

    def abilities_are(self, provider: str, abilities: frozenset[str]) -> None:
        """What a provider can do, as its adapter says."""
        self._abilities[provider] = abilities

    def capabilities(self, provider: str, game_id: str, *, currency: str, country: str) -> tuple[str, frozenset[str]]:
        """Why a game cannot be launched there, or an empty reason and what works. Raises GameNotFoundError."""
        found = self.get(provider, game_id)
        reason = found.reason
        if not reason and currency and found.game.currencies and currency not in found.game.currencies:
            reason = "currency"
        refused = found.game.refused_countries
        if not reason and refused and (not country or country in refused):
            reason = "country"
        return reason, frozenset() if reason else self._abilities.get(provider, frozenset())

    def get(self, provider: str, game_id: str) -> Offer:
        """One game, also while it cannot be launched."""
        found = self._shown.get((provider, game_id))
        if found is None:
            raise GameNotFoundError(provider=provider, game_id=game_id)
        return found

    def page(
        self, *, provider: str, include_unavailable: bool, after: GameKey | None, size: int
    ) -> tuple[list[Offer], bool]:
        """A page of offers, and whether there are more."""
        games, more = self._catalog.page(
            after=after,
            size=size,
            wanted=lambda game: (
                provider in {"", game.provider} and (include_unavailable or self._shown[game.key].available)
            ),
        )
        return [self._shown[game.key] for game in games], more

    async def watch(self, since: Mark | None = None) -> AsyncGenerator[tuple[Offer, Mark], None]:
        """Every offer as it is now, or what has changed since a mark, then each change; with the mark to resume at.

        A slow reader skips what was overtaken. The mark of another process or life says nothing here.
        """
        known = since is not None and since.life == self._life and since.version <= self._version
        seen = since.version if since is not None and known else 0
        while True:
            news = sorted(key for key, version in self._versions.items() if version > seen)
            until = self._version
            for left, key in zip(range(len(news) - 1, -1, -1), news, strict=True):
                # Whoever stops in the middle begins with all of these again.
                yield self._shown[key], Mark(self._life, seen if left else until)
            seen = until
            if seen == self._version:
                await self._bell.wait()

    def _publish(self) -> None:
        """Find what changed, and wake the watchers. Games are never removed, only disabled."""
        self._version += 1
        for game in self._catalog:
            now = offer(game, provider_up=game.provider in self._up)
            if self._shown.get(game.key) != now:
                self._shown[game.key] = now
                self._versions[game.key] = self._version
        self._bell.ring()
