"""What the risk plane remembers, its cases and its orders. Events are only ever added, one transaction at a time."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from compliance_svc.risk.cases import Case, Event, Order, State, Step, opening
from compliance_svc.risk.history import History, Movement, Totals, changed
from compliance_svc.risk.ports import CursorMovedError, Decide, Owner, Taken
from compliance_svc.store import risk_tables as rows
from compliance_svc.store.decisions import unavailable
from compliance_svc.store.risk_tables import (
    risk_case,
    risk_case_event,
    risk_cursor,
    risk_movement,
    risk_order,
    risk_total,
)

_LOCK: Final = 0x63617365
"""Of the transactions that add events: one at a time, so that positions have no gaps. The word `case`."""

_T = TypeVar("_T")
_Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection]]


class RiskStore:
    """Implements `compliance_svc.risk.ports.Histories` and `Cases`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    # -- histories

    async def cursors(self) -> dict[int, int]:
        """How far each shard was read."""
        return {row["shard"]: row["sequence"] for row in await self._read(sa.select(risk_cursor))}

    async def histories(self, owners: Sequence[Owner], since_us: int) -> dict[Owner, History]:
        """What is known of players, with the movements after an instant."""
        who = sa.tuple_(risk_total.c.licensee, risk_total.c.player, risk_total.c.currency)
        totals = await self._read(sa.select(risk_total).where(who.in_(owners)))
        moved = risk_movement.c
        wanted = sa.select(risk_movement).where(
            sa.tuple_(moved.licensee, moved.player, moved.currency).in_(owners), moved.at_us > since_us
        )
        movements: dict[Owner, list[Movement]] = defaultdict(list)
        for row in await self._read(wanted.order_by(moved.sequence)):
            movements[_owner(row)].append(rows.movement(row))
        return {
            _owner(row): History(totals=Totals.from_json(row["totals"]), movements=tuple(movements[_owner(row)]))
            for row in totals
        }

    async def keep(self, taken: Taken) -> None:
        """Store all of it with the cursors, or nothing. Errors: CursorMovedError."""

        async def work(connection: AsyncConnection) -> None:
            if taken.cases:
                # Before any row is locked: whoever adds events waits here, and never for a cursor.
                await _lock(connection)
            await _move(connection, taken)
            await _keep_histories(connection, taken)
            for case in taken.cases:
                await _open(connection, case, taken.recorded_us)

        await self._guarded(self._engine.begin, work)

    # -- cases

    async def get(self, case_id: str) -> Case | None:
        """One case with its events."""

        async def work(connection: AsyncConnection) -> Case | None:
            found = await _cases(connection, sa.select(risk_case).where(risk_case.c.case_id == case_id))
            return found[0][1] if found else None

        return await self._guarded(self._engine.connect, work)

    async def newest(
        self, licensee: str, player: str, before: int, limit: int, *, with_closed: bool
    ) -> list[tuple[int, Case]]:
        """Cases with their numbers, the newest first."""
        wanted = sa.select(risk_case).where(risk_case.c.number < before)
        if licensee:
            wanted = wanted.where(risk_case.c.licensee == licensee)
        if player:
            wanted = wanted.where(risk_case.c.player == player)
        if not with_closed:
            wanted = wanted.where(risk_case.c.state < int(State.CLOSED))
        wanted = wanted.order_by(risk_case.c.number.desc()).limit(limit)
        return await self._guarded(self._engine.connect, lambda connection: _cases(connection, wanted))

    async def events(self, after: int, limit: int) -> list[Event]:
        """Events of all cases after a position, in order."""
        wanted = _EVENTS.where(risk_case_event.c.position > after).order_by(risk_case_event.c.position).limit(limit)
        return [rows.event(row) for row in await self._read(wanted)]

    async def decide(self, case_id: str, decide: Decide) -> Case:
        """Add what is decided on a case as it is now, one at a time. Errors: KeyError; what `decide` raises."""

        async def work(connection: AsyncConnection) -> tuple[Case, Step]:
            await _lock(connection)
            found = await _cases(connection, sa.select(risk_case).where(risk_case.c.case_id == case_id))
            if not found:
                raise KeyError(case_id)
            case = found[0][1]
            step = decide(case, await _held_elsewhere(connection, case))
            await _add(connection, step)
            return await _settled(connection, case_id), step

        case, step = await self._guarded(self._engine.begin, work)
        if step.refusal is not None:
            raise step.refusal
        return case

    async def overdue(self, proposed_us: int) -> list[str]:
        """Cases whose proposal waits since then or longer."""
        last = (
            sa.select(sa.func.max(risk_case_event.c.recorded_us))
            .where(risk_case_event.c.case_id == risk_case.c.case_id, risk_case_event.c.kind == _PROPOSED)
            .scalar_subquery()
        )
        wanted = sa.select(risk_case.c.case_id).where(risk_case.c.state == int(State.PROPOSED), last <= proposed_us)
        return [row["case_id"] for row in await self._read(wanted)]

    async def orders(self, limit: int) -> list[Order]:
        """What the wallets have still to do, in order."""
        wanted = (
            sa.select(risk_order, risk_case.c.licensee, risk_case.c.player, risk_case.c.currency)
            .join(risk_case, risk_case.c.case_id == risk_order.c.case_id)
            .where(~risk_order.c.done)
            .order_by(risk_order.c.number)
            .limit(limit)
        )
        return [rows.order(row) for row in await self._read(wanted)]

    async def conclude(self, order: Order, event: Event) -> None:
        """Note that an order is done or refused. What was noted before stays."""

        async def work(connection: AsyncConnection) -> None:
            await _lock(connection)
            fresh = risk_order.update().where(risk_order.c.key == order.key, ~risk_order.c.done).values(done=True)
            if (await connection.execute(fresh)).rowcount:
                await _add(connection, Step(events=(event,)))

        await self._guarded(self._engine.begin, work)

    # -- inside

    async def _read(self, statement: sa.Select[Any]) -> Sequence[sa.RowMapping]:
        async def work(connection: AsyncConnection) -> Sequence[sa.RowMapping]:
            found: Sequence[sa.RowMapping] = (await connection.execute(statement)).mappings().all()
            return found

        return await self._guarded(self._engine.connect, work)

    async def _guarded(self, connect: _Connect, work: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        try:
            async with connect() as connection:
                return await work(connection)
        except (DBAPIError, OSError) as error:
            raise unavailable(error) from error


_PROPOSED: Final = 2
_EVENTS: Final = sa.select(risk_case_event, risk_case.c.licensee, risk_case.c.player).join(
    risk_case, risk_case.c.case_id == risk_case_event.c.case_id
)


_NEW_CURSORS: Final = insert(risk_cursor)
_MOVE_CURSORS: Final = _NEW_CURSORS.on_conflict_do_update(
    index_elements=["shard"], set_={"sequence": _NEW_CURSORS.excluded.sequence}
)
_NEW_TOTALS: Final = insert(risk_total)
_KEEP_TOTALS: Final = _NEW_TOTALS.on_conflict_do_update(
    index_elements=["licensee", "player", "currency"], set_={"totals": _NEW_TOTALS.excluded.totals}
)
_NEW_MOVEMENTS: Final = insert(risk_movement)
_KEEP_MOVEMENTS: Final = _NEW_MOVEMENTS.on_conflict_do_update(
    index_elements=["shard", "sequence"], set_={"amount": _NEW_MOVEMENTS.excluded.amount}
)


def _owner(row: sa.RowMapping) -> Owner:
    return row["licensee"], row["player"], row["currency"]


async def _lock(connection: AsyncConnection) -> None:
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


async def _move(connection: AsyncConnection, taken: Taken) -> None:
    """Move the cursors from where the pages began. Rows that are not there are made at zero."""
    shards = sorted(taken.moved)
    if not shards:
        return
    fresh = [{"shard": shard, "sequence": 0} for shard in shards]
    await connection.execute(insert(risk_cursor).on_conflict_do_nothing(), fresh)
    # In one order: two processes never wait for each other.
    held = sa.select(risk_cursor).where(risk_cursor.c.shard.in_(shards)).order_by(risk_cursor.c.shard).with_for_update()
    stands = {row["shard"]: row["sequence"] for row in (await connection.execute(held)).mappings()}
    if any(stands[shard] != after for shard, (after, _) in taken.moved.items()):
        raise CursorMovedError
    ends = [{"shard": shard, "sequence": taken.moved[shard][1]} for shard in shards]
    await connection.execute(_MOVE_CURSORS, ends)


async def _keep_histories(connection: AsyncConnection, taken: Taken) -> None:
    """One message to the database for all players of the pages, in one order: two processes never wait for each other."""
    owners = sorted(taken.now)
    totals = [
        dict(zip(("licensee", "player", "currency"), owner, strict=True))
        | {"totals": taken.now[owner].totals.to_json()}
        for owner in owners
    ]
    if totals:
        await connection.execute(_KEEP_TOTALS, totals)
    none = History()
    fresh = [
        rows.movement_row(owner, one)
        for owner in owners
        for one in changed(taken.before.get(owner, none).movements, taken.now[owner].movements)
    ]
    if fresh:
        await connection.execute(_KEEP_MOVEMENTS, fresh)


async def _open(connection: AsyncConnection, case: Case, now_us: int) -> None:
    number = await _last_position(connection) + 1
    await connection.execute(risk_case.insert().values(**rows.case_row(case, number)))
    await _add(connection, opening(case, now_us))


async def _add(connection: AsyncConnection, step: Step) -> None:
    """Add events and orders, under the lock."""
    position = await _last_position(connection)
    for number, event in enumerate(step.events, position + 1):
        await connection.execute(risk_case_event.insert().values(**rows.event_row(event, number)))
    for order in step.orders:
        await connection.execute(risk_order.insert().values(**rows.order_row(order)))


async def _last_position(connection: AsyncConnection) -> int:
    found = await connection.execute(sa.select(sa.func.coalesce(sa.func.max(risk_case_event.c.position), 0)))
    return int(found.scalar_one())


async def _cases(connection: AsyncConnection, wanted: sa.Select[Any]) -> list[tuple[int, Case]]:
    found = (await connection.execute(wanted)).mappings().all()
    ids = [row["case_id"] for row in found]
    told = _EVENTS.where(risk_case_event.c.case_id.in_(ids)).order_by(risk_case_event.c.position)
    events: dict[str, list[Event]] = defaultdict(list)
    for row in (await connection.execute(told)).mappings():
        events[row["case_id"]].append(rows.event(row))
    return [(row["number"], rows.case(row, tuple(events[row["case_id"]]))) for row in found]


async def _held_elsewhere(connection: AsyncConnection, case: Case) -> bool:
    wanted = sa.select(sa.func.count()).where(
        risk_case.c.licensee == case.licensee,
        risk_case.c.player == case.player,
        risk_case.c.currency == case.currency,
        risk_case.c.case_id != case.id,
        risk_case.c.frozen,
    )
    return bool((await connection.execute(wanted)).scalar_one())


async def _settled(connection: AsyncConnection, case_id: str) -> Case:
    """The case after what was added, with its state beside it."""
    ((_, case),) = await _cases(connection, sa.select(risk_case).where(risk_case.c.case_id == case_id))
    await connection.execute(
        risk_case.update().where(risk_case.c.case_id == case_id).values(state=int(case.state), frozen=case.frozen)
    )
    return case
