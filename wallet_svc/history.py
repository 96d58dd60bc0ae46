"""What happened to money, and what was true at a moment. One function per question; reads only."""

from dataclasses import dataclass

from mesh.clock import Clock
from wallet_svc.domain.state import Asset, Registry
from wallet_svc.domain.statement import ROWS_PER_LINE, Line, lines_of
from wallet_svc.queries import Queries
from wallet_svc.store.reading import Reader
from wallet_svc.store.rows import entry_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPage:
    """Lines of a player's statement, with the available cash around them in smallest units of `asset`."""

    asset: Asset
    registry: Registry
    opening: int
    lines: list[Line]
    more: bool

    @property
    def closing(self) -> int:
        return self.lines[-1].balance if self.lines else self.opening


class History:
    """Answers from the log, on a connection of its own: a long answer keeps nobody else waiting."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._queries = Queries(reader, clock)

    async def statement(self, licensee: str, player: str, currency: str, after: int, limit: int) -> StatementPage:
        """Lines after a position of the log. Errors: PlayerNotFoundError, CurrencyUnknownError."""
        row, asset = await self._queries.balance(licensee, player, currency)
        found: list[Line] = []
        position, full = after, True
        while full and len(found) <= limit:
            wanted = 2 * (limit + ROWS_PER_LINE)
            page = {"player": row.id, "asset": asset.id, "after": position, "limit": wanted}
            rows = await self._reader.rows("list_movements", page)
            registry = await self._queries.registry()
            full = len(rows) == wanted
            lines = lines_of([entry_of(one, registry) for one in rows], row.classes)
            # The last posting of a full page may go on behind it.
            found += lines[:-1] if full else lines
            position = found[-1].position if found else after
        return StatementPage(
            asset=asset,
            registry=registry,
            opening=await self._cash_at(row.id, asset.id, after),
            lines=found[:limit],
            more=len(found) > limit,
        )

    async def _cash_at(self, player_id: int, asset_id: int, position: int) -> int:
        values = {"player": player_id, "asset": asset_id, "position": position}
        rows = await self._reader.rows("read_cash_at", values)
        return int(rows[0].available) if rows else 0
