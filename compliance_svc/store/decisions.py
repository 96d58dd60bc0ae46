"""Decisions as they were read from the ledger's feed. Insert only."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from compliance_svc.comparing import Changed, Difference, Span
from compliance_svc.domain import EXCLUSIONS, StoredDecision
from mesh.arrays import flags, numbers, texts
from mesh.database import is_outage
from mesh.errors import DependencyDownError

metadata = sa.MetaData()
decision = sa.Table(
    "decision",
    metadata,
    sa.Column("shard", sa.SmallInteger, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("licensee", sa.Text),
    sa.Column("player", sa.Text),
    sa.Column("kind", sa.SmallInteger),
    sa.Column("key", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("outcome", sa.SmallInteger),
    sa.Column("allowed", sa.Boolean),
    sa.Column("record", sa.Text),
    sa.Column("recorded_us", sa.BigInteger),
)
feed_cursor = sa.Table(
    "feed_cursor",
    metadata,
    sa.Column("shard", sa.SmallInteger, primary_key=True),
    sa.Column("sequence", sa.BigInteger),
)
shadow_difference = sa.Table(
    "shadow_difference",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True),
    sa.Column("pack_digest", sa.Text),
    sa.Column("shard", sa.SmallInteger),
    sa.Column("sequence", sa.BigInteger),
    sa.Column("licensee", sa.Text),
    sa.Column("player", sa.Text),
    sa.Column("before_record", sa.Text),
    sa.Column("after_record", sa.Text),
)


_COLUMNS = {
    "shard": "smallint",
    "sequence": "bigint",
    "licensee": "text",
    "player": "text",
    "kind": "smallint",
    "key": "text",
    "source": "text",
    "outcome": "smallint",
    "allowed": "boolean",
    "record": "text",
    "recorded_us": "bigint",
}
# Whole columns as arrays: one statement for any number of rows, where the driver would send a statement for each.
_KEEP = sa.text(
    f"""
    INSERT INTO decision ({", ".join(_COLUMNS)})
    SELECT * FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _COLUMNS.items())})
    ON CONFLICT DO NOTHING
    """  # noqa: S608 - the names are ours
)
_MOVE = sa.text(
    """
    INSERT INTO feed_cursor (shard, sequence)
    SELECT * FROM unnest(CAST(:shards AS smallint[]), CAST(:sequences AS bigint[]))
    ON CONFLICT (shard) DO UPDATE SET sequence = greatest(feed_cursor.sequence, excluded.sequence)
    """
)


_NOTE = sa.text(
    """
    INSERT INTO shadow_difference (pack_digest, shard, sequence, licensee, player, before_record, after_record)
    VALUES (:digest, :shard, :sequence, :licensee, :player, :before, :after) ON CONFLICT DO NOTHING
    """
)


def _noted(one: Difference) -> dict[str, object]:
    stored = one.changed.stored
    return {
        "digest": one.digest,
        "shard": stored.shard,
        "sequence": stored.sequence,
        "licensee": stored.licensee,
        "player": stored.player,
        "before": one.changed.before,
        "after": one.changed.after,
    }


def _changed(row: sa.RowMapping) -> Changed:
    stored = StoredDecision(**{name: row[name] for name in _COLUMNS})
    return Changed(stored=stored, before=row["before_record"], after=row["after_record"])


_MOST_SHARD, _MOST_SEQUENCE = 2**15 - 1, 2**63 - 1


_LITERALS: dict[str, Callable[[Iterable[Any]], str]] = {"text": texts, "boolean": flags}


def _columns(decisions: Sequence[StoredDecision]) -> dict[str, str]:
    return {
        name: _LITERALS.get(kind, numbers)([getattr(one, name) for one in decisions]) for name, kind in _COLUMNS.items()
    }


class DecisionStore:
    """Decisions and the exact position of the feed that they were read from."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def cursor(self, shard: int) -> int:
        """The last sequence of a shard whose entries are stored."""
        rows = await self._read(sa.select(feed_cursor.c.sequence).where(feed_cursor.c.shard == shard))
        return int(rows[0]["sequence"]) if rows else 0

    async def keep(
        self,
        positions: Mapping[int, int],
        decisions: Sequence[StoredDecision],
        differences: Sequence[Difference] = (),
    ) -> None:
        """Store decisions and move the cursors of their shards, in one transaction. What is read twice is stored once."""
        try:
            async with self._engine.begin() as connection:
                if decisions:
                    await connection.execute(_KEEP, _columns(decisions))
                if differences:
                    await connection.execute(_NOTE, [_noted(one) for one in differences])
                cursors = {"shards": list(positions), "sequences": list(positions.values())}
                await connection.execute(_MOVE, cursors)
        except (DBAPIError, OSError) as error:
            raise unavailable(error) from error

    async def get(self, licensee: str, shard: int, sequence: int) -> StoredDecision | None:
        """One decision of a licensee. None also for an id that no decision can have."""
        if shard > _MOST_SHARD or sequence > _MOST_SEQUENCE:
            return None
        wanted = sa.select(decision).where(
            decision.c.shard == shard, decision.c.sequence == sequence, decision.c.licensee == licensee
        )
        rows = await self._read(wanted)
        return StoredDecision(**rows[0]) if rows else None

    async def of_player(
        self, licensee: str, player: str, before: int, limit: int, *, only_refusals: bool, only_exclusions: bool = False
    ) -> list[StoredDecision]:
        """A player's decisions before a sequence, the newest first. A player has one shard."""
        wanted = sa.select(decision).where(
            decision.c.licensee == licensee, decision.c.player == player, decision.c.sequence < before
        )
        if only_refusals:
            wanted = wanted.where(~decision.c.allowed)
        if only_exclusions:
            # The record is canonical JSON, and no text in it can hold a name in quotes.
            attempt = sa.and_(~decision.c.allowed, decision.c.record.contains('"code":"SEX.'))
            wanted = wanted.where(sa.or_(decision.c.kind.in_(EXCLUSIONS), attempt))
        rows = await self._read(wanted.order_by(decision.c.sequence.desc()).limit(limit))
        return [StoredDecision(**row) for row in rows]

    async def in_span(self, span: Span, after: tuple[int, int], limit: int) -> list[StoredDecision]:
        """Decisions of a span of time after a position, by shard and sequence."""
        wanted = sa.select(decision).where(
            decision.c.recorded_us >= span.start_us,
            decision.c.recorded_us < span.end_us,
            sa.tuple_(decision.c.shard, decision.c.sequence) > sa.tuple_(sa.literal(after[0]), sa.literal(after[1])),
        )
        if span.licensee:
            wanted = wanted.where(decision.c.licensee == span.licensee)
        rows = await self._read(wanted.order_by(decision.c.shard, decision.c.sequence).limit(limit))
        return [StoredDecision(**row) for row in rows]

    async def shadow_differences(self, digest: str, after: int, limit: int) -> list[tuple[int, Changed]]:
        """What a shadow pack would have decided otherwise, after a position, with the position of each."""
        note = shadow_difference.c
        wanted = sa.select(note.position, note.before_record, note.after_record, decision).where(
            note.pack_digest == digest,
            note.position > after,
            decision.c.shard == note.shard,
            decision.c.sequence == note.sequence,
        )
        rows = await self._read(wanted.order_by(note.position).limit(limit))
        return [(row["position"], _changed(row)) for row in rows]

    async def _read(self, statement: sa.Select[Any]) -> Sequence[sa.RowMapping]:
        try:
            async with self._engine.connect() as connection:
                found: Sequence[sa.RowMapping] = (await connection.execute(statement)).mappings().all()
        except (DBAPIError, OSError) as error:
            raise unavailable(error) from error
        return found


def unavailable(error: DBAPIError | OSError) -> Exception:
    return DependencyDownError(retry_after=0.5, dependency="postgresql") if is_outage(error) else error
