"""Decisions as they were read from the ledger's feed. Insert only."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from compliance_svc.domain import StoredDecision
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


class DecisionStore:
    """Decisions and the exact position of the feed that they were read from."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def cursor(self, shard: int) -> int:
        """The last sequence of a shard whose entries are stored."""
        rows = await self._read(sa.select(feed_cursor.c.sequence).where(feed_cursor.c.shard == shard))
        return int(rows[0]["sequence"]) if rows else 0

    async def keep(self, shard: int, last_sequence: int, decisions: Sequence[StoredDecision]) -> None:
        """Store a page and move the cursor, in one transaction. A page read twice is stored once."""
        moved = insert(feed_cursor).values(shard=shard, sequence=last_sequence)
        try:
            async with self._engine.begin() as connection:
                if decisions:
                    rows = [asdict(one) for one in decisions]
                    await connection.execute(insert(decision).on_conflict_do_nothing(), rows)
                await connection.execute(
                    moved.on_conflict_do_update(
                        index_elements=["shard"],
                        set_={"sequence": sa.func.greatest(feed_cursor.c.sequence, moved.excluded.sequence)},
                    )
                )
        except (DBAPIError, OSError) as error:
            raise _unavailable(error) from error

    async def get(self, licensee: str, shard: int, sequence: int) -> StoredDecision | None:
        """One decision of a licensee."""
        wanted = sa.select(decision).where(
            decision.c.shard == shard, decision.c.sequence == sequence, decision.c.licensee == licensee
        )
        rows = await self._read(wanted)
        return StoredDecision(**rows[0]) if rows else None

    async def of_player(
        self, licensee: str, player: str, before: int, limit: int, *, only_refusals: bool
    ) -> list[StoredDecision]:
        """A player's decisions before a sequence, the newest first. A player has one shard."""
        wanted = sa.select(decision).where(
            decision.c.licensee == licensee, decision.c.player == player, decision.c.sequence < before
        )
        if only_refusals:
            wanted = wanted.where(~decision.c.allowed)
        rows = await self._read(wanted.order_by(decision.c.sequence.desc()).limit(limit))
        return [StoredDecision(**row) for row in rows]

    async def _read(self, statement: sa.Select[Any]) -> Sequence[sa.RowMapping]:
        try:
            async with self._engine.connect() as connection:
                found: Sequence[sa.RowMapping] = (await connection.execute(statement)).mappings().all()
        except (DBAPIError, OSError) as error:
            raise _unavailable(error) from error
        return found


def _unavailable(error: DBAPIError | OSError) -> Exception:
    return DependencyDownError(retry_after=0.5, dependency="postgresql") if is_outage(error) else error
