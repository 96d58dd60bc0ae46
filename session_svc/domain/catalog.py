"""Games: what a provider may tell us, and which of them can be launched now."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

CATEGORIES = frozenset({"slot", "table", "live"})

_MAX_ID_BYTES = 128
_MAX_TITLE = 256
_MOST_PPM = 2_000_000
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_MARKET = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,11}", re.ASCII)

GameKey = tuple[str, str]
"""Provider and game id; the catalog is ordered by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFacts:
    """What the provider says of a game in one market."""

    market: str
    certificate_id: str = ""
    return_ppm: int = 0
    """Millionths of the stakes. 0: not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """A game of a provider, as we know it."""

    provider: str
    game_id: str
    title: str
    category: str
    enabled: bool
    currencies: tuple[str, ...] = ()
    """Empty: all of the provider's."""
    refused_countries: tuple[str, ...] = ()
    return_ppm: int = 0
    """Where a market has no variant of its own. 0: not told."""
    languages: tuple[str, ...] = ()
    markets: tuple[MarketFacts, ...] = ()
    registered: bool = False
    """The ledger knows it as it is."""

    @property
    def key(self) -> GameKey:
        """Its place in the catalog."""
        return self.provider, self.game_id

    def in_market(self, market: str) -> MarketFacts | None:
        """What was told of it there."""
        return next((facts for facts in self.markets if facts.market == market), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A game, and whether it can be launched now."""

    game: Game
    reason: str = ""
    """Why it cannot be launched: "provider_down", "disabled" or "not_registered"."""

    @property
    def available(self) -> bool:
        """True if it can be launched now."""
        return not self.reason


def offer(game: Game, *, provider_up: bool) -> Offer:
    """The game as an offer."""
    if not provider_up:
        return Offer(game=game, reason="provider_down")
    if not game.enabled:
        return Offer(game=game, reason="disabled")
    if not game.registered:
        # The ledger refuses stakes on a game that it does not know.
        return Offer(game=game, reason="not_registered")
    return Offer(game=game)


def acceptable(told: Iterable[Game]) -> tuple[Game, ...]:
    """What of a provider's list can be used, by game id; the last word about a game counts."""
    games = {game.game_id: game for game in map(_trimmed, told) if _is_sound(game)}
    return tuple(games[game_id] for game_id in sorted(games))


def _trimmed(game: Game) -> Game:
    currencies = tuple(sorted(set(game.currencies)))
    countries = tuple(sorted(set(game.refused_countries)))
    title = (game.title or game.game_id)[:_MAX_TITLE]
    told = {facts.market: facts for facts in game.markets if _is_plausible(facts)}
    return replace(
        game,
        title=title,
        currencies=currencies,
        refused_countries=countries,
        return_ppm=game.return_ppm if 0 <= game.return_ppm <= _MOST_PPM else 0,
        languages=tuple(sorted({name for name in game.languages if _LANGUAGE.fullmatch(name)})),
        markets=tuple(told[market] for market in sorted(told)),
    )


def _is_plausible(facts: MarketFacts) -> bool:
    """Facts that make no sense are left out. They are only told, so the game is not lost for them."""
    return (
        _MARKET.fullmatch(facts.market) is not None
        and len(facts.certificate_id) <= _MAX_ID_BYTES
        and facts.certificate_id.isprintable()
        and 0 <= facts.return_ppm <= _MOST_PPM
    )


def _is_sound(game: Game) -> bool:
    return (
        0 < len(game.game_id.encode()) <= _MAX_ID_BYTES
        and game.game_id.isprintable()
        and "\x00" not in game.title
        and game.category in CATEGORIES
        and all(_CURRENCY.fullmatch(code) for code in game.currencies)
        and all(_COUNTRY.fullmatch(code) for code in game.refused_countries)
    )


class Catalog:
    """Every known game in order. Never changed: a new list makes a new catalog."""

    def __init__(self, games: Iterable[Game] = ()) -> None:
        self._games = {game.key: game for game in games}
        self._keys = sorted(self._games)

    def __iter__(self) -> Iterator[Game]:
        return (self._games[key] for key in self._keys)

    def find(self, provider: str, game_id: str) -> Game | None:
        """One game."""
        return self._games.get((provider, game_id))

    def page(self, *, after: GameKey | None, size: int, wanted: Callable[[Game], bool]) -> tuple[list[Game], bool]:
        """Up to `size` wanted games after a place, and whether there are more."""
        start = bisect_right(self._keys, after) if after is not None else 0
        found: list[Game] = []
        for key in self._keys[start:]:
            if wanted(self._games[key]):
                if len(found) == size:
                    return found, True
                found.append(self._games[key])
        return found, False
