"""Samples of decisions that were decided again. Insert only."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from compliance_svc.domain import StoredDecision
from compliance_svc.replaying import Reach, Sampled
from compliance_svc.store.decisions import decision, unavailable
from mesh.arrays import numbers

_LAST = sa.text("SELECT max(looked_us) AS last_us FROM replay_sample")
_REACHES = sa.text(
    """
    SELECT shard, sequence AS until,
           coalesce((SELECT max(until) FROM replay_sample WHERE replay_sample.shard = feed_cursor.shard), 0) AS after
    FROM feed_cursor ORDER BY shard
    """
)
_AT = sa.text(
    f"""
    SELECT found.* FROM unnest(CAST(:shards AS smallint[]), CAST(:sequences AS bigint[]), CAST(:untils AS bigint[]))
        AS wanted (shard, sequence, until)
    CROSS JOIN LATERAL (
        SELECT {", ".join(column.name for column in decision.columns)} FROM decision
        WHERE decision.shard = wanted.shard AND decision.sequence BETWEEN wanted.sequence AND wanted.until
        ORDER BY decision.sequence LIMIT 1
    ) AS found
    """  # noqa: S608 - the names are ours
)
_KEEP = sa.text(
    """
    INSERT INTO replay_sample (shard, until, sampled, other_kernel, looked_us)
    VALUES (:shard, :until, :sampled, :other_kernel, :looked_us) ON CONFLICT DO NOTHING
    """
)
_NOTE = sa.text(
    """
    INSERT INTO replay_difference (shard, sequence, problem, found_us)
    VALUES (:shard, :sequence, :problem, :found_us) ON CONFLICT DO NOTHING
    """
)


class ReplayStore:
    """How far samples went, and what they have shown."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def last_us(self) -> int | None:
        """When a sample was taken last; None if none ever was."""
        (row,) = await self._read(_LAST)
        return None if row["last_us"] is None else int(row["last_us"])

    async def reaches(self) -> list[Reach]:
        """What was stored of each shard since the last sample."""
        return [Reach(**row) for row in await self._read(_REACHES)]

    async def at(self, positions: Sequence[tuple[int, int, int]]) -> list[StoredDecision]:
        """For each (shard, sequence, until) the first decision from there on, up to and with the last position."""
        columns = [numbers(column) for column in zip(*positions, strict=True)]
        rows = await self._read(_AT, dict(zip(("shards", "sequences", "untils"), columns, strict=True)))
        return [StoredDecision(**row) for row in rows]

    async def keep(self, sampled: Sampled, looked_us: int) -> None:
        """Store what a sample has shown, in one transaction."""
        rows = [
            {
                "shard": one.shard,
                "until": one.until,
                "sampled": sampled.counts.get(one.shard, 0),
                "other_kernel": sampled.other_kernel.get(one.shard, 0),
                "looked_us": looked_us,
            }
            for one in sampled.reaches
            if one.entries
        ]
        found = [
            {"shard": one.shard, "sequence": one.sequence, "problem": one.problem, "found_us": looked_us}
            for one in sampled.unequal
        ]
        try:
            async with self._engine.begin() as connection:
                for statement, values in ((_KEEP, rows), (_NOTE, found)):
                    if values:
                        await connection.execute(statement, values)
        except (DBAPIError, OSError) as error:
            raise unavailable(error) from error

    async def _read(self, statement: sa.TextClause, values: dict[str, str] | None = None) -> Sequence[Any]:
        try:
            async with self._engine.connect() as connection:
                return (await connection.execute(statement, values)).mappings().all()
        except (DBAPIError, OSError) as error:
            raise unavailable(error) from error
