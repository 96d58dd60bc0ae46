"""Holds, erasure and the end of retention. The database decides: the service has no right to delete."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from audit_svc.domain import Draft, RecordClass, Span
from audit_svc.ports import Erasure
from mesh.database import Connection, Pool

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('pitboss audit log'))"

_ERASE = "SELECT erased, hold_id, until_us FROM erase_player(%(licensee)s, %(player)s, %(keep)s::bigint[], %(now)s)"
_EXPIRE = "SELECT expire_payloads(%(keep)s::bigint[], %(now)s, %(most)s)"
_PLACE = "INSERT INTO hold VALUES (%(hold)s, %(licensee)s, %(player)s, %(now)s) ON CONFLICT DO NOTHING"
_HOLD = "SELECT licensee, player FROM hold WHERE hold_id = %(hold)s"
_RELEASE = "INSERT INTO hold_end VALUES (%(hold)s, %(now)s) ON CONFLICT DO NOTHING"
_EVENTS = (
    "SELECT number, what, name, entries, recorded_us FROM keeping WHERE number > %(after)s ORDER BY number LIMIT 500"
)
_EVENTS_EVERY_S = 0.5


class PostgresKeeping:
    """Implements `ports.Keeping`, and `ports.Source` for what it did."""

    def __init__(self, pool: Pool, keep_us: Mapping[RecordClass, int]) -> None:
        self._pool = pool
        self._keep = [keep_us[each] for each in RecordClass]

    async def erase(self, licensee: str, player: str, now_us: int) -> Erasure:
        """Destroy a player's key, unless something is in the way."""
        values = {"licensee": licensee, "player": player, "keep": self._keep, "now": now_us}
        async with self._pool.connection() as connection, connection.transaction():
            row = await (await connection.execute(_ERASE, values)).fetchone()
        assert row is not None
        return Erasure(*row)

    async def expire(self, now_us: int, most: int) -> int:
        """Delete payloads whose time is over; returns how many."""
        async with self._pool.connection() as connection:
            row = await (
                await connection.execute(_EXPIRE, {"keep": self._keep, "now": now_us, "most": most})
            ).fetchone()
        return int(row[0]) if row else 0

    async def place(self, hold_id: str, licensee: str, player: str, now_us: int) -> bool:
        """Place a hold. False: another one has this id."""
        values = {"hold": hold_id, "licensee": licensee, "player": player, "now": now_us}
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_LOCK)
            placed = await connection.execute(_PLACE, values)
            if placed.rowcount:
                await _note(connection, "hold placed", hold_id, now_us)
        return await self.hold(hold_id) == (licensee, player)

    async def hold(self, hold_id: str) -> tuple[str, str] | None:
        """Whose records a hold keeps."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_HOLD, {"hold": hold_id})).fetchone()
        return (row[0], row[1]) if row else None

    async def release(self, hold_id: str, now_us: int) -> None:
        """End a hold. Ended before, it stays so."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_LOCK)
            released = await connection.execute(_RELEASE, {"hold": hold_id, "now": now_us})
            if released.rowcount:
                await _note(connection, "hold released", hold_id, now_us)

    # -- a source of the log

    name = "keeping"

    async def spans(self, after: int) -> AsyncIterator[Span]:
        """What was done to payloads, as events."""
        while True:
            async with self._pool.connection() as connection:
                rows = await (await connection.execute(_EVENTS, {"after": after})).fetchall()
            if rows:
                drafts = [_draft(*row) for row in rows]
                yield Span(source=self.name, after=after, position=rows[-1][0], drafts=drafts)
                after = rows[-1][0]
            await asyncio.sleep(_EVENTS_EVERY_S)


async def _note(connection: Connection, what: str, name: str, now_us: int) -> None:
    values = {"what": what, "name": name, "now": now_us}
    await connection.execute("SELECT note_keeping(%(what)s, %(name)s, 0, %(now)s)", values)


def _draft(number: int, what: str, name: str, entries: int, recorded_us: int) -> Draft:
    return Draft(
        record_class=RecordClass.KEEPING,
        source=PostgresKeeping.name,
        key=str(number),
        recorded_us=recorded_us,
        content={"what": what, "name": name, "entries": entries},
    )
