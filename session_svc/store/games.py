"""The catalog in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from session_svc.domain.catalog import Game, MarketFacts
from session_svc.store import tables
from session_svc.store.database import Row, transaction

_g = tables.game.c


class PostgresGames:
    """Implements `ports.Games`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> list[Game]:
        async with transaction(self._engine) as connection:
            rows = await connection.execute(sa.select(tables.game))
            return [_game(row) for row in rows]

    async def put(self, provider: str, games: Sequence[Game]) -> None:
        names = [game.game_id for game in games]
        left_out = sa.update(tables.game).where(_g.provider == provider, _g.game_id.not_in(names), _g.enabled)
        async with transaction(self._engine) as connection:
            # Two replicas that bring the same list take turns; row by row they could wait for each other.
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(provider))))
            await connection.execute(left_out.values(enabled=False, registered=False))
            if games:
                await connection.execute(_upsert(provider, games))

    async def registered(self, games: Sequence[Game]) -> None:
        async with transaction(self._engine) as connection:
            for game in games:
                same = sa.and_(
                    _g.provider == game.provider,
                    _g.game_id == game.game_id,
                    _g.category == game.category,
                    _g.enabled == game.enabled,
                )
                await connection.execute(sa.update(tables.game).where(same).values(registered=True))


_LISTS = ("currencies", "refused_countries", "languages")
_TOLD = ("title", "category", "enabled", *_LISTS, "return_ppm", "markets")


def _game(row: Row) -> Game:
    lists = {name: tuple(getattr(row, name)) for name in _LISTS}
    markets = tuple(MarketFacts(**facts) for facts in row.markets)
    return Game(**{**row._mapping, **lists, "markets": markets})  # noqa: SLF001 - public in spite of its name


def _upsert(provider: str, games: Sequence[Game]) -> sa.Insert:
    rows = [
        {
            "provider": provider,
            "game_id": game.game_id,
            "title": game.title,
            "category": game.category,
            "enabled": game.enabled,
            "currencies": list(game.currencies),
            "refused_countries": list(game.refused_countries),
            "return_ppm": game.return_ppm,
            "languages": list(game.languages),
            "markets": [asdict(facts) for facts in game.markets],
            "registered": False,
        }
        for game in games
    ]
    new = insert(tables.game).values(rows)
    known = sa.and_(_g.registered, _g.category == new.excluded.category, _g.enabled == new.excluded.enabled)
    changed = {name: new.excluded[name] for name in _TOLD}
    return new.on_conflict_do_update(index_elements=["provider", "game_id"], set_={**changed, "registered": known})
