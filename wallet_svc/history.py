"""What happened to money, and what was true at a moment. One function per question; reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from compliance_svc.kernel.statute import Statute
from mesh.clock import Clock
from mesh.errors import RequestInvalidError
from wallet_svc.domain.day_statement import DAY_US, NOTHING, DayStatement, KindTotal, Sums
from wallet_svc.domain.journal import ID_STRIDE
from wallet_svc.domain.state import Asset, Registry
from wallet_svc.domain.statement import ROWS_PER_LINE, Line, lines_of
from wallet_svc.domain.vocabulary import MAX_MINOR, AccountClass, Kind, TransactionState
from wallet_svc.errors import MomentNotReachedError
from wallet_svc.queries import Queries
from wallet_svc.store.reading import Reader, Stored
from wallet_svc.store.rows import entry_of
from wallet_svc.store.running import Row
from wallet_svc.store.totals import Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancesAt:
    """A player's sub-balances at a moment, in smallest units of `asset`."""

    asset: Asset
    balances: dict[AccountClass, int]
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of a player's transactions, and in which order. None and empty: all."""

    kinds: Sequence[Kind] | None = None
    source: str = ""
    round: str | None = None
    states: Sequence[TransactionState] | None = None
    since_us: int = 0
    until_us: int = MAX_MINOR
    oldest_first: bool = False


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


_SETTLING_US = 60_000_000
"""Clocks of our processes differ by less: after this nothing more is recorded on a day that is over."""


class History:
    """Answers from the log, on a connection of its own: a long answer keeps nobody else waiting."""

    def __init__(self, reader: Reader, totals: Totals, clock: Clock, statute: Statute) -> None:
        self._reader = reader
        self._totals = totals
        self._clock = clock
        self._queries = Queries(reader, clock, statute)

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

    async def balance_at(
        self,
        licensee: str,
        player: str,
        currency: str,
        *,
        sequence: int | None = None,
        recorded_us: int | None = None,
        effective_us: int | None = None,
    ) -> BalancesAt:
        """Balances at one past moment: a position, or a moment on either clock.

        Errors: PlayerNotFoundError, CurrencyUnknownError, MomentNotReachedError.
        """
        row, asset = await self._queries.balance(licensee, player, currency)
        now = self._clock.now_us()
        if max(recorded_us or 0, effective_us or 0) > now:
            raise MomentNotReachedError
        if recorded_us is not None:
            asked = {"player": row.id, "moment": recorded_us}
            sequence = (await self._reader.rows("read_position_at", asked))[0].sequence
        elif sequence is not None and sequence > await self._last_of(row.id):
            raise MomentNotReachedError
        values = {"player": row.id, "asset": asset.id, "sequence": sequence, "effective": effective_us}
        rows = await self._reader.rows("read_balances_at", values)
        balances = {AccountClass(one.account_class): int(one.balance) for one in rows}
        return BalancesAt(asset=asset, balances=balances, sequence=sequence or 0)

    async def _last_of(self, player_id: int) -> int:
        """The last position of the shard of a player."""
        heads = await self._queries.heads()
        return next(last for shard, last, _ in heads if shard == player_id % ID_STRIDE)

    async def day_statement(self, licensee: str, currency: str, day: str, source: str) -> DayStatement:
        """What all players had and what changed on a day.

        Errors: LicenseeNotFoundError, CurrencyUnknownError, ProviderNotFoundError, MomentNotReachedError.
        """
        number = _day_number(day)
        now = self._clock.now_us()
        if number * DAY_US > now:
            raise MomentNotReachedError
        tenant, asset = await self._queries.asset(licensee, currency)
        source_id = await self._queries.source(source) if source else None
        await self._totals.catch_up()
        values = {"licensee": tenant.id, "asset": asset.id, "day": number, "source": source_id}
        rows = await self._reader.rows("read_totals", values)
        kinds = [
            KindTotal(kind=Kind(row.kind), count=int(row.postings), change=_sums(row)) for row in rows if row.on_the_day
        ]
        return DayStatement(
            licensee=licensee,
            asset=asset,
            day=day,
            source=source,
            opening=next((_sums(row) for row in rows if not row.on_the_day), NOTHING),
            kinds=kinds,
            final=now >= (number + 1) * DAY_US + _SETTLING_US,
        )

    async def transactions(
        self, licensee: str, player: str, wanted: Wanted, position: int, limit: int
    ) -> tuple[list[Stored], Registry]:
        """A player's stored actions before a position, or after it if the oldest come first.

        Errors: PlayerNotFoundError, ProviderNotFoundError.
        """
        row = await self._queries.player(licensee, player)
        source = await self._queries.source(wanted.source) if wanted.source else None
        values = {
            "player": row.id,
            "position": position,
            "limit": limit,
            "kinds": None if wanted.kinds is None else [kind.value for kind in wanted.kinds],
            "source": source,
            "round": wanted.round,
            "states": None if wanted.states is None else [state.value for state in wanted.states],
            "since": wanted.since_us,
            "until": wanted.until_us,
        }
        rows = await self._reader.rows("list_oldest" if wanted.oldest_first else "list_newest", values)
        registry = await self._queries.registry()
        return await self._reader.with_undone(rows, registry), registry

    async def _cash_at(self, player_id: int, asset_id: int, position: int) -> int:
        values = {"player": player_id, "asset": asset_id, "position": position}
        rows = await self._reader.rows("read_cash_at", values)
        return int(rows[0].available) if rows else 0


def _day_number(day: str) -> int:
    """Days since 1970. RequestInvalidError for a day that no calendar has."""
    try:
        return (date.fromisoformat(day) - date(1970, 1, 1)).days
    except ValueError:
        raise RequestInvalidError(violations=[("day", "is not a day of the calendar")]) from None


def _sums(row: Row) -> Sums:
    # The account of what is owed is below zero by what is owed.
    return int(row.cash), int(row.held), int(row.bonus), -int(row.receivable)
