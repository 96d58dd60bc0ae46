"""Sessions in PostgreSQL."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from session_svc.domain.session import LedgerPosition, Session, Swap, TokenRole, token_digest
from session_svc.domain.states import ATTEMPT_FAILED, HALF_ENDED, State, is_final, is_visible
from session_svc.ports import Holder, KnownSession, Launch, PlayOpened, Switch, SwitchScope
from session_svc.store import lookups, tables
from session_svc.store.database import Row, lock_head, record, session_of, starts, step, transaction
from session_svc.store.sealing import Vault

_s = tables.session.c
_w = tables.token_swap.c


class PostgresSessions:
    """Implements `ports.Sessions`."""

    def __init__(self, engine: AsyncEngine, vault: Vault, *, activity_files: bool = False) -> None:
        """`activity_files`: each new session may be counted by an activity file."""
        self._engine = engine
        self._vault = vault
        self._activity_files = activity_files

    async def begin(self, session: Session, launch: Launch) -> bool:
        statement = insert(tables.session).values(
            **_columns(session),
            token_sealed=self._sealed(session, "token", launch.token),
            activity_since=session.created_at if self._activity_files else None,
        )
        async with transaction(self._engine) as connection:
            done = await connection.execute(statement.on_conflict_do_nothing().returning(_s.session_id))
            return done.first() is not None

    async def newest_attempt(self, licensee: str, client_key: str) -> Session | None:
        failed = _s.state.in_([state.value for state in ATTEMPT_FAILED])
        return await self._one(
            sa.select(tables.session)
            .where(_s.licensee == licensee, _s.client_key == client_key)
            .order_by(failed, _s.session_id.desc())
        )

    async def find(self, licensee: str, session_id: str) -> Session | None:
        return await self._one(sa.select(tables.session).where(_s.licensee == licensee, _s.session_id == session_id))

    async def by_token(self, token: str, now: dt.datetime) -> Holder | None:
        digest = token_digest(token)
        wanted = {"digest": digest}
        async with transaction(self._engine) as connection:
            row = (await connection.execute(lookups.LAUNCHED_WITH, wanted)).first()
            if row is not None:
                return Holder(session=session_of(row), role=_launch_role(row.ends_at, now))
            row = (await connection.execute(lookups.SWAPPED, wanted)).first()
            if row is not None:
                role = TokenRole.PLAY if row.play_digest == digest else _launch_role(row.ends_at, now)
                return Holder(session=session_of(row), role=role)
            row = (await connection.execute(lookups.RELAUNCHED_WITH, wanted)).first()
            return Holder(session=session_of(row), role=TokenRole.LAUNCH) if row is not None else None

    async def swap(self, session: Session, launch_token: str, swap: Swap) -> Swap:
        digest = token_digest(launch_token)
        values = {
            "launch_digest": digest,
            "session_id": session.session_id,
            "play_digest": token_digest(swap.token),
            "play_sealed": self._sealed(session, "play", swap.token),
            "swap_key": swap.key,
            "swapped_at": swap.at,
            "ends_at": swap.ends_at,
        }
        async with transaction(self._engine) as connection:
            await connection.execute(insert(tables.token_swap).values(values).on_conflict_do_nothing())
            # Ours, or that of whoever was faster: the insert has waited for the other one's commit.
            kept = (await connection.execute(sa.select(tables.token_swap).where(_w.launch_digest == digest))).one()
        return self._swap(session, kept)

    async def swap_of(self, session: Session, launch_token: str) -> Swap | None:
        kept = await self._row(sa.select(tables.token_swap).where(_w.launch_digest == token_digest(launch_token)))
        return None if kept is None else self._swap(session, kept)

    def _swap(self, session: Session, kept: Row) -> Swap:
        return Swap(
            token=self._opened(session, "play", kept.play_sealed),
            key=kept.swap_key,
            at=kept.swapped_at,
            ends_at=kept.ends_at,
        )

    async def newest_of_player(self, provider: str, licensee: str, player_id: str) -> KnownSession | None:
        wanted = {"licensee": licensee, "player_id": player_id, "provider": provider}
        async with transaction(self._engine) as connection:
            row = (await connection.execute(lookups.NEWEST_OF_PLAYER, wanted)).first()
            if row is None:
                return None
            session, swapped = session_of(row), row.play_sealed
            if swapped is None:
                return KnownSession(session=session, token=self._opened(session, "token", row.token_sealed))
            # Swapped, and perhaps launched again since.
            token, swapped = await self._launch_token(connection, session)
        if swapped is None:
            return KnownSession(session=session, token=token)
        return KnownSession(session=session, token=self._opened(session, "play", swapped), role=TokenRole.PLAY)

    async def launch_of(self, session: Session) -> Launch:
        row = await self._row(sa.select(_s.token_sealed, _s.url_sealed).where(_s.session_id == session.session_id))
        assert row is not None
        url = self._opened(session, "url", row.url_sealed) if row.url_sealed is not None else ""
        return Launch(token=self._opened(session, "token", row.token_sealed), url=url)

    async def relaunch(self, session: Session, spare: str) -> Launch:
        async with transaction(self._engine) as connection:
            token, swapped = await self._launch_token(connection, session)
            if swapped is not None:
                values = {
                    "replaces": token_digest(token),
                    "session_id": session.session_id,
                    "launch_digest": token_digest(spare),
                    "launch_sealed": self._sealed(session, "relaunch", spare),
                }
                await connection.execute(insert(tables.token_relaunch).values(values).on_conflict_do_nothing())
                # Ours, or that of whoever was faster.
                token, _ = await self._launch_token(connection, session)
        return Launch(token=token, url=(await self.launch_of(session)).url)

    async def _launch_token(self, connection: AsyncConnection, session: Session) -> tuple[str, bytes | None]:
        """What the session is launched with now, and the sealed token for which it was swapped."""
        wanted = {"session_id": session.session_id}
        row = (await connection.execute(lookups.NEWEST_RELAUNCH, wanted)).first()
        if row is not None:
            return self._opened(session, "relaunch", row.launch_sealed), row.play_sealed
        row = (await connection.execute(lookups.FIRST_LAUNCH, wanted)).one()
        return self._opened(session, "token", row.token_sealed), row.play_sealed

    async def move(self, session: Session, to: State, now: dt.datetime, *, reason: str = "") -> Session | None:
        where = _s.session_id == session.session_id
        ended: dict[str, object] = {"ended_at": now} if is_final(to) else {}
        if reason:
            ended["end_reason"] = reason
        async with transaction(self._engine) as connection:
            if not is_visible(to):
                return _first(await step(connection, where, to, now, **ended))
            head = await lock_head(connection, session.order.licensee)
            moved = await step(connection, where, to, now, **ended)
            await record(connection, session.order.licensee, head, moved)
            return _first(moved)

    async def activate(self, session: Session, url: str, opened: PlayOpened, now: dt.datetime) -> Session | None:
        licensee, where = session.order.licensee, _s.session_id == session.session_id
        async with transaction(self._engine) as connection:
            head = await lock_head(connection, licensee)
            still = sa.select(_s.session_id).where(where, _s.state.in_(starts(State.ACTIVE))).with_for_update()
            if (await connection.execute(still)).first() is None:
                return None
            if await _excluded_since(connection, session, opened.position):
                return _first(await step(connection, where, State.FAILING, now))
            await step(connection, _same_place(session), State.REPLACING, now)
            moved = await step(
                connection,
                where,
                State.ACTIVE,
                now,
                jurisdiction=opened.jurisdiction,
                opened_shard=opened.position.shard,
                opened_sequence=opened.position.sequence,
                launched_as=head + 1,
                activity_since=session.created_at if opened.counted else None,
                url_sealed=self._sealed(session, "url", url),
            )
            await record(connection, licensee, head, moved)
            return _first(moved)

    async def half_ended_of_player(self, session: Session) -> list[Session]:
        statement = sa.select(tables.session).where(
            _same_place(session), _s.state.in_([State.REPLACING.value, State.CLOSING.value])
        )
        async with transaction(self._engine) as connection:
            return [session_of(row) for row in await connection.execute(statement)]

    async def unfinished(self, *, before: dt.datetime, opening_before: dt.datetime, limit: int) -> list[Session]:
        half_ended = sa.and_(_s.state.in_([state.value for state in HALF_ENDED]), _s.changed_at < before)
        opening = sa.and_(_s.state == State.OPENING.value, _s.changed_at < opening_before)
        statement = sa.select(tables.session).where(sa.or_(half_ended, opening)).order_by(_s.changed_at).limit(limit)
        async with transaction(self._engine) as connection:
            return [session_of(row) for row in await connection.execute(statement)]

    async def expire_due(self, now: dt.datetime, *, limit: int) -> list[Session]:
        due = sa.and_(_s.state == State.ACTIVE.value, _s.expires_at <= now)
        some = sa.select(_s.licensee).where(due).order_by(_s.expires_at).limit(1)
        async with transaction(self._engine) as connection:
            licensee = (await connection.execute(some)).scalar_one_or_none()
            if licensee is None:
                return []
            head = await lock_head(connection, licensee)
            chosen = sa.select(_s.session_id).where(due, _s.licensee == licensee).order_by(_s.expires_at).limit(limit)
            moved = await step(connection, _s.session_id.in_(chosen), State.EXPIRED, now, ended_at=_s.expires_at)
            await record(connection, licensee, head, moved)
            return moved

    async def to_be_left(self, *, limit: int) -> list[Session]:
        final = [state.value for state in State if is_final(state)]
        statement = sa.select(tables.session).where(_s.activity_since.is_not(None), _s.state.in_(final))
        async with transaction(self._engine) as connection:
            rows = await connection.execute(statement.order_by(_s.activity_since).limit(limit))
            return [session_of(row) for row in rows]

    async def left(self, session: Session) -> None:
        await self._set_activity(session, None)

    async def left_later(self, session: Session) -> None:
        await self._set_activity(session, sa.func.clock_timestamp())

    async def _set_activity(self, session: Session, since: object) -> None:
        where = _s.session_id == session.session_id
        # One that another replica has told of in the meantime stays told.
        statement = sa.update(tables.session).where(where, _s.activity_since.is_not(None))
        async with transaction(self._engine) as connection:
            await connection.execute(statement.values(activity_since=since))

    async def active_in(self, switch: Switch, *, limit: int) -> list[Session]:
        # Written down before the ledger has opened it: a session that is older than the throw here may be younger there
        # only if the switch was taken back while it was launched.
        stopped = sa.and_(_s.state == State.ACTIVE.value, _s.created_at <= switch.since, *_scope_of(switch))
        statement = sa.select(tables.session).where(stopped).order_by(_s.session_id).limit(limit)
        async with transaction(self._engine) as connection:
            return [session_of(row) for row in await connection.execute(statement)]

    async def out_of_time(self, now: dt.datetime, *, limit: int) -> list[Session]:
        # It became active after the ledger had opened it: when its time is over here, it is over there.
        until = _s.changed_at + _s.seconds_limit * sa.literal(dt.timedelta(seconds=1))
        due = sa.and_(_s.state == State.ACTIVE.value, _s.seconds_limit.is_not(None), until <= now)
        statement = sa.select(tables.session).where(due).order_by(_s.changed_at).limit(limit)
        async with transaction(self._engine) as connection:
            return [session_of(row) for row in await connection.execute(statement)]

    async def _one(self, statement: sa.Select[tuple[object, ...]]) -> Session | None:
        row = await self._row(statement)
        return session_of(row) if row is not None else None

    async def _row(self, statement: sa.Select[tuple[object, ...]]) -> Row | None:
        async with transaction(self._engine) as connection:
            return (await connection.execute(statement.limit(1))).first()

    def _sealed(self, session: Session, what: str, text: str) -> bytes:
        return self._vault.seal(text.encode(), _label(session, what))

    def _opened(self, session: Session, what: str, sealed: bytes) -> str:
        return self._vault.open(sealed, _label(session, what)).decode()


def _scope_of(switch: Switch) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = {
        SwitchScope.ALL: [],
        SwitchScope.LICENSEE: [],
        SwitchScope.PACK: [_s.jurisdiction == switch.name],
        SwitchScope.PROVIDER: [_s.provider == switch.provider],
        SwitchScope.GAME: [_s.provider == switch.provider, _s.game_id == switch.name],
        SwitchScope.PLAYER: [_s.player_id == switch.name],
    }[switch.scope]
    return [*found, *([_s.licensee == switch.licensee] if switch.licensee else [])]


def _columns(session: Session) -> dict[str, object]:
    order = session.order
    return {
        "session_id": session.session_id,
        "licensee": order.licensee,
        "client_key": order.client_key,
        "player_id": order.player_id,
        "provider": order.provider,
        "game_id": order.game_id,
        "currency": order.currency,
        "language": order.language,
        "country": order.country,
        "device": order.device,
        "lobby_url": order.lobby_url,
        "check_every_s": order.check_every_s,
        "spend_limit": order.spend_limit,
        "seconds_limit": order.seconds_limit,
        "state": session.state.value,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "changed_at": session.created_at,
        "token_digest": session.token_digest,
    }


def _launch_role(ends_at: dt.datetime | None, now: dt.datetime) -> TokenRole:
    return TokenRole.LAUNCH if ends_at is None or now < ends_at else TokenRole.SWAPPED


def _same_place(session: Session) -> sa.ColumnElement[bool]:
    """Other sessions of the same player at the same provider."""
    order = session.order
    return sa.and_(
        _s.licensee == order.licensee,
        _s.player_id == order.player_id,
        _s.provider == order.provider,
        _s.session_id != session.session_id,
    )


async def _excluded_since(connection: AsyncConnection, session: Session, opened: LedgerPosition) -> bool:
    excluded = tables.exclusion.c
    statement = sa.select(excluded.sequence).where(
        excluded.licensee == session.order.licensee,
        excluded.player_id == session.order.player_id,
        # One player's entries are all in one shard, so sequences compare.
        excluded.sequence > opened.sequence,
    )
    return (await connection.execute(statement)).first() is not None


def _label(session: Session, what: str) -> bytes:
    return f"{session.session_id}/{what}".encode()


def _first(moved: list[Session]) -> Session | None:
    return moved[0] if moved else None
