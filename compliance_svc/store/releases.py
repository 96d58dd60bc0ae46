"""Packs that were proposed, and what was done about them. Insert only."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from compliance_svc.kernel.loading import parse_json
from compliance_svc.kernel.release import read_signatures, write_signatures
from compliance_svc.releases import Docket, Event, EventKind, Proposal, docket
from compliance_svc.store.decisions import metadata, unavailable

pack_release = sa.Table(
    "pack_release",
    metadata,
    sa.Column("licensee", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("version", sa.Text),
    sa.Column("content", sa.Text),
    sa.Column("recorded_us", sa.BigInteger),
)
pack_event = sa.Table(
    "pack_event",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True),
    sa.Column("kind", sa.SmallInteger),
    sa.Column("licensee", sa.Text),
    sa.Column("name", sa.Text),
    sa.Column("version", sa.Text),
    sa.Column("digest", sa.Text),
    sa.Column("signatures", sa.Text),
    sa.Column("persons", sa.ARRAY(sa.Text)),
    sa.Column("refusal", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("recorded_us", sa.BigInteger),
)

_LOCK = 0x7061636B
"""Of the transactions that add events: one at a time, so that positions have no gaps. The word `pack`."""

Decide = Callable[[Docket], Event | None]

_LAST = sa.select(sa.func.coalesce(sa.func.max(pack_event.c.position), 0))


class ReleaseStore:
    """Adds one event at a time, decided on everything that was there."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._parsed: dict[tuple[str, str], Proposal] = {}
        self._newest: tuple[int, Docket] | None = None
        """The position of the last event that was seen, and everything up to it."""

    async def docket(self) -> Docket:
        """Every pack and every event. Read again only if an event was added: nothing changes without one."""

        async def work(connection: AsyncConnection) -> Docket:
            last = (await connection.execute(_LAST)).scalar_one()
            if self._newest is None or self._newest[0] != last:
                found = await self._read(connection)
                self._newest = (found.events[-1].position if found.events else 0), found
            return self._newest[1]

        return await self._guarded(self._engine.connect, work)

    async def add(self, decide: Decide, proposal: Proposal | None = None) -> Docket:
        """Add the event that is decided on, if any, and return all. A new pack is stored with its first event."""

        async def work(connection: AsyncConnection) -> Docket:
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            known = await self._read(connection)
            event = decide(known)
            if event is None:
                return known
            if proposal is not None:
                await connection.execute(pack_release.insert().values(**_pack_row(proposal)))
            await connection.execute(pack_event.insert().values(**_event_row(event, len(known.events) + 1)))
            return await self._read(connection)

        return await self._guarded(self._engine.begin, work)

    async def _read(self, connection: AsyncConnection) -> Docket:
        # In this order no event is seen without its pack.
        events = (await connection.execute(sa.select(pack_event).order_by(pack_event.c.position))).mappings().all()
        packs = (await connection.execute(sa.select(pack_release))).mappings().all()
        return docket([self._proposal(row) for row in packs], [_event(row) for row in events])

    def _proposal(self, row: sa.RowMapping) -> Proposal:
        key = (row["licensee"], row["digest"])
        if key not in self._parsed:
            self._parsed[key] = Proposal(
                document=parse_json(row["content"], "the stored pack"),
                licensee=row["licensee"],
                content=row["content"],
                proposed_us=row["recorded_us"],
            )
        return self._parsed[key]

    async def _guarded(
        self,
        connect: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        work: Callable[[AsyncConnection], Awaitable[Docket]],
    ) -> Docket:
        try:
            async with connect() as connection:
                return await work(connection)
        except (DBAPIError, OSError) as error:
            raise unavailable(error) from error


def _pack_row(proposal: Proposal) -> dict[str, object]:
    document = proposal.document
    return {
        "licensee": proposal.licensee,
        "digest": document.digest,
        "name": document.name,
        "version": document.version,
        "content": proposal.content,
        "recorded_us": proposal.proposed_us,
    }


def _event_row(event: Event, position: int) -> dict[str, object]:
    return {
        "position": position,
        "kind": int(event.kind),
        "licensee": event.licensee,
        "name": event.name,
        "version": event.version,
        "digest": event.digest,
        "signatures": write_signatures(event.signatures),
        "persons": list(event.persons),
        "refusal": event.refusal,
        "detail": event.detail,
        "recorded_us": event.recorded_us,
    }


def _event(row: sa.RowMapping) -> Event:
    return Event(
        position=row["position"],
        kind=EventKind(row["kind"]),
        licensee=row["licensee"],
        name=row["name"],
        version=row["version"],
        digest=row["digest"],
        signatures=read_signatures(row["signatures"]),
        persons=tuple(row["persons"]),
        refusal=row["refusal"],
        detail=row["detail"],
        recorded_us=row["recorded_us"],
    )
