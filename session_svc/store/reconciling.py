"""Cases and runs in PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from session_svc.domain.reconciling import Case, CaseClass, Key, Kind, Span
from session_svc.ports import Findings, KnownCase, Run
from session_svc.store import tables
from session_svc.store.database import Row, transaction

_c, _r, _s = tables.case.c, tables.run.c, tables.session.c

_MINUTES = ""
_ROWS_AT_ONCE = 500


class PostgresCases:
    """Implements `ports.CaseBook`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def scopes(self, provider: str) -> list[tuple[str, str]]:
        statement = sa.select(_s.licensee, _s.currency).where(_s.provider == provider).distinct()
        async with transaction(self._engine) as connection:
            return [(row.licensee, row.currency) for row in await connection.execute(statement)]

    async def first_session(self, provider: str) -> dt.datetime | None:
        statement = sa.select(sa.func.min(_s.created_at)).where(_s.provider == provider)
        async with transaction(self._engine) as connection:
            found = (await connection.execute(statement)).scalar_one_or_none()
        return found.astimezone(dt.UTC) if found else None

    async def compared_until(self, provider: str) -> dt.datetime | None:
        statement = sa.select(_r.end_at).where(_r.provider == provider, _r.day == _MINUTES)
        async with transaction(self._engine) as connection:
            found = (await connection.execute(statement)).scalar_one_or_none()
        return found.astimezone(dt.UTC) if found else None

    async def last_day(self, provider: str) -> dt.date | None:
        statement = sa.select(sa.func.max(_r.day)).where(_r.provider == provider, _r.day != _MINUTES)
        async with transaction(self._engine) as connection:
            found = (await connection.execute(statement)).scalar_one_or_none()
        return dt.date.fromisoformat(found) if found else None

    async def write(self, found: Findings, *, run: Run | None, after: dt.datetime | None) -> bool:
        async with transaction(self._engine) as connection:
            # Two comparisons of one provider take turns: each sees what the other one has resolved.
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(found.provider))))
            if run is not None and not await _remember(connection, run, after):
                return False
            rows = [*{(case.key, case.case_class): _values(case, found.as_of) for case in found.cases}.values()]
            for first in range(0, len(rows), _ROWS_AT_ONCE):
                await connection.execute(_upsert(rows[first : first + _ROWS_AT_ONCE]))
            await connection.execute(_resolve(found))
        return True

    async def cases(self, *, provider: str, licensee: str, resolved: bool, limit: int) -> list[KnownCase]:
        statement = sa.select(tables.case).order_by(_c.first_seen_at.desc(), _c.transaction_key).limit(limit)
        if provider:
            statement = statement.where(_c.provider == provider)
        if licensee:
            statement = statement.where(_c.licensee == licensee)
        if not resolved:
            statement = statement.where(_c.resolved_at.is_(None))
        async with transaction(self._engine) as connection:
            return [_case(row) for row in await connection.execute(statement)]

    async def runs(self) -> list[Run]:
        statement = sa.select(tables.run).order_by(_r.provider, _r.day != _MINUTES, _r.day.desc())
        async with transaction(self._engine) as connection:
            return [_run(row) for row in await connection.execute(statement)]


async def _remember(connection: AsyncConnection, run: Run, after: dt.datetime | None) -> bool:
    """Write a run down; False if the minutes no longer end where this run began."""
    new = insert(tables.run).values(
        provider=run.provider,
        day=run.day.isoformat() if run.day else _MINUTES,
        start_at=run.span.start,
        end_at=run.span.end,
        run_at=run.run_at,
        messages=run.messages,
        cases=run.cases,
    )
    changed = {name: new.excluded[name] for name in ("start_at", "end_at", "run_at", "messages", "cases")}
    key = ["provider", "day"]
    if run.day:
        statement = new.on_conflict_do_update(index_elements=key, set_=changed)
    elif after is None:
        statement = new.on_conflict_do_nothing(index_elements=key)
    else:
        statement = new.on_conflict_do_update(index_elements=key, set_=changed, where=_r.end_at == after)
    done = await connection.execute(statement.returning(_r.provider))
    return done.first() is not None


def _upsert(rows: Sequence[dict[str, object]]) -> sa.Insert:
    new = insert(tables.case).values(list(rows))
    key = [column.name for column in tables.case.primary_key]
    kept = {*key, "first_seen_at"}
    changed = {column.name: new.excluded[column.name] for column in tables.case.c if column.name not in kept}
    seen_later = sa.or_(_c.last_seen_at > new.excluded.last_seen_at, _c.resolved_at > new.excluded.last_seen_at)
    return new.on_conflict_do_update(index_elements=key, set_=changed, where=~sa.func.coalesce(seen_later, sa.false()))


def _resolve(found: Findings) -> sa.Update:
    """What was a case in these spans, and was not found any more."""
    is_stuck = _c.case_class == CaseClass.STUCK_ROUND.value
    looked_at = sa.or_(
        sa.and_(~is_stuck, _within(found.compared)),
        sa.and_(is_stuck, _within(found.looked_for_stuck)),
    )
    gone = (_c.provider == found.provider, _c.resolved_at.is_(None), _c.last_seen_at < found.as_of, looked_at)
    return sa.update(tables.case).where(*gone).values(resolved_at=found.as_of)


def _within(span: Span) -> sa.ColumnElement[bool]:
    return sa.and_(_c.happened_at >= span.start, _c.happened_at < span.end)


def _values(case: Case, seen_at: dt.datetime) -> dict[str, object]:
    return {
        "provider": case.provider,
        "licensee": case.key.licensee,
        "player_id": case.key.player_id,
        "kind": case.key.kind.value,
        "transaction_key": case.key.transaction_key,
        "case_class": case.case_class.value,
        "currency": case.currency,
        "round_id": case.round_id,
        "amount_there": case.amount_there,
        "amount_here": case.amount_here,
        "state_there": case.state_there,
        "state_here": case.state_here,
        "outcome_here": case.outcome_here,
        "round_here": case.round_here,
        "transaction_id": case.transaction_id,
        "happened_at": case.at,
        "first_seen_at": seen_at,
        "last_seen_at": seen_at,
        "resolved_at": None,
    }


def _case(row: Row) -> KnownCase:
    key = Key(
        licensee=row.licensee,
        player_id=row.player_id,
        kind=Kind(row.kind),
        transaction_key=row.transaction_key,
    )
    case = Case(
        provider=row.provider,
        case_class=CaseClass(row.case_class),
        key=key,
        currency=row.currency,
        round_id=row.round_id,
        amount_there=row.amount_there,
        amount_here=row.amount_here,
        state_there=row.state_there,
        state_here=row.state_here,
        outcome_here=row.outcome_here,
        round_here=row.round_here,
        transaction_id=row.transaction_id,
        at=row.happened_at.astimezone(dt.UTC),
    )
    return KnownCase(
        case=case,
        first_seen=row.first_seen_at.astimezone(dt.UTC),
        last_seen=row.last_seen_at.astimezone(dt.UTC),
        resolved=row.resolved_at.astimezone(dt.UTC) if row.resolved_at else None,
    )


def _run(row: Row) -> Run:
    return Run(
        provider=row.provider,
        day=dt.date.fromisoformat(row.day) if row.day else None,
        span=Span(start=row.start_at.astimezone(dt.UTC), end=row.end_at.astimezone(dt.UTC)),
        run_at=row.run_at.astimezone(dt.UTC),
        messages=row.messages,
        cases=row.cases,
    )
