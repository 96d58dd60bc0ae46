"""The log in PostgreSQL: insert only, each batch in one transaction with the progress of its sources."""

import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import errors as pg

from audit_svc.domain import EMPTY, Draft, End, Entry, Opened, RecordClass, Span, canonical, commitment, grow
from audit_svc.domain.returns import Group, Sums
from audit_svc.domain.rounds import Name
from audit_svc.errors import PayloadBrokenError
from audit_svc.ports import HeadMovedError
from audit_svc.store.extracts import add_extracts
from audit_svc.store.sealing import SALT_BYTES, Box, Safe, SealBrokenError
from mesh import failpoints, logs, merkle
from mesh.arrays import blobs, numbers, texts
from mesh.database import Connection, Pool
from mesh.notes import Signer

_log = logs.get("audit_svc.store")

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('pitboss audit log'))"
_END = "SELECT first_index + count AS size, frontier FROM batch ORDER BY first_index DESC LIMIT 1"
_POSITIONS = "SELECT source, max(position) FROM progress GROUP BY source"
_KEYS = (
    "SELECT licensee, player, subject::text, sealed FROM subject_key"
    " JOIN unnest(%(licensees)s::text[], %(players)s::text[]) AS asked (licensee, player) USING (licensee, player)"
)
_ADD_KEYS = (
    "INSERT INTO subject_key (subject, licensee, player, sealed)"
    " SELECT * FROM unnest(%(subjects)s::uuid[], %(licensees)s::text[], %(players)s::text[], %(sealed)s::bytea[])"
)
_ADD_PLACES = "INSERT INTO round_place (round, index) SELECT * FROM unnest(%(rounds)s::bytea[], %(indices)s::bigint[])"
_ADD_ENTRIES = (
    "INSERT INTO entry (index, class, recorded_us, source, key, subject, commitment, leaf_hash)"
    " SELECT * FROM unnest(%(indices)s::bigint[], %(classes)s::smallint[], %(recorded)s::bigint[], %(sources)s::text[],"
    " %(keys)s::text[], %(subjects)s::uuid[], %(commitments)s::bytea[], %(leaves)s::bytea[])"
)
_ADD_PAYLOADS = "INSERT INTO payload (index, sealed) SELECT * FROM unnest(%(indices)s::bigint[], %(sealed)s::bytea[])"
_ADD_SUBTREES = (
    "INSERT INTO subtree (level, index, hash)"
    " SELECT * FROM unnest(%(levels)s::smallint[], %(indices)s::bigint[], %(hashes)s::bytea[])"
)
_ADD_BATCH = (
    "INSERT INTO batch (first_index, count, root, frontier, checkpoint, recorded_us)"
    " VALUES (%(first)s, %(count)s, %(root)s, %(frontier)s, %(checkpoint)s, %(now)s)"
)
_ADD_PROGRESS = (
    "INSERT INTO progress (source, after, position, first_index)"
    " SELECT source, after, position, %(first)s"
    " FROM unnest(%(sources)s::text[], %(afters)s::bigint[], %(positions)s::bigint[]) AS read (source, after, position)"
)
_ENTRIES = (
    "SELECT index, class, recorded_us, source, key, coalesce(subject::text, '') AS subject, commitment,"
    " payload.sealed AS sealed, subject_key.sealed AS subject_key"
    " FROM entry LEFT JOIN payload USING (index) LEFT JOIN subject_key USING (subject)"
)


_RETURN_COLUMNS = (
    "provider",
    "game",
    "build",
    "return_ppm",
    "deviation_ppm",
    "currency",
    "band",
    "rounds",
    "staked",
    "won",
    "squares",
    "next_look",
)
_SUMS = (
    "SELECT provider, game, build, return_ppm, deviation_ppm, currency, band, rounds, staked, won, squares, next_look"
    " FROM game_return"
    " JOIN unnest(%(providers)s::text[], %(games)s::text[]) AS asked (provider, game) USING (provider, game)"
)
_PUT_SUMS = (
    "INSERT INTO game_return (provider, game, build, return_ppm, deviation_ppm, currency, band, rounds, staked, won,"
    " squares, next_look) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (provider, game, build, return_ppm, deviation_ppm, currency, band) DO UPDATE SET"
    " rounds = excluded.rounds, staked = excluded.staked, won = excluded.won, squares = excluded.squares,"
    " next_look = excluded.next_look"
)
_OF_ROUNDS = (
    f"{_ENTRIES} JOIN round_place USING (index)"
    " WHERE round = ANY (%(rounds)s::bytea[]) AND index < %(before)s ORDER BY index"
)
_BEYOND = (1 << 63) - 1


def _parts(name: Name) -> tuple[str, ...]:
    return (name.licensee, name.player, name.provider, name.round)


class PostgresAuditLog:
    """Implements `ports.AuditLog`."""

    def __init__(self, pool: Pool, safe: Safe, signer: Signer) -> None:
        self._pool = pool
        self._safe = safe
        self._signer = signer

    async def end(self) -> End:
        async with self._pool.connection() as connection:
            return await _end(connection)

    async def positions(self) -> Mapping[str, int]:
        async with self._pool.connection() as connection:
            return await _positions(connection)

    async def known(self, source: str, keys: Sequence[str]) -> set[str]:
        query = "SELECT key FROM entry WHERE source = %(source)s AND key = ANY (%(keys)s::text[])"
        async with self._pool.connection() as connection:
            found = await connection.execute(query, {"source": source, "keys": list(keys)})
            return {row[0] for row in await found.fetchall()}

    async def append(self, spans: Sequence[Span], *, planned_on: End, now_us: int) -> End:
        try:
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute(_LOCK)
                await _check_plan(connection, spans, planned_on)
                after = await self._write(connection, spans, planned_on, now_us)
                failpoints.here("audit.append.before")
        except pg.UniqueViolation as error:
            # The lock makes this rare; the keys make it impossible to write anything twice.
            raise HeadMovedError from error
        failpoints.here("audit.append.after")
        return after

    async def _write(self, connection: Connection, spans: Sequence[Span], end: End, now_us: int) -> End:
        drafts = [draft for span in spans for draft in span.drafts]
        after = end
        if drafts:
            sealed = await self._sealed(connection, drafts, end.size)
            leaves = [merkle.leaf_hash(entry.leaf()) for entry, _ in sealed]
            after, subtrees = grow(end, leaves)
            await connection.execute(
                _ADD_BATCH,
                {
                    "first": end.size,
                    "count": len(leaves),
                    "root": after.root,
                    "frontier": merkle.pack(after.peaks),
                    "checkpoint": self._signer.checkpoint(after.size, after.root),
                    "now": now_us,
                },
            )
            await _insert(connection, [entry for entry, _ in sealed], leaves, [payload for _, payload in sealed])
            if subtrees:
                columns = {
                    "levels": numbers(each.level for each in subtrees),
                    "indices": numbers(each.index for each in subtrees),
                    "hashes": blobs(each.hash for each in subtrees),
                }
                await connection.execute(_ADD_SUBTREES, columns)
        await _add_progress(connection, spans, end.size)
        await _add_places(connection, spans)
        await _put_sums(connection, spans)
        await add_extracts(connection, spans)
        return after

    async def _sealed(self, connection: Connection, drafts: Sequence[Draft], first: int) -> list[tuple[Entry, bytes]]:
        owners = await self._owners(connection, {draft.owner for draft in drafts if draft.owner})
        found = []
        for index, draft in enumerate(drafts, first):
            subject, box = owners[draft.owner] if draft.owner else ("", self._safe.houses[0])
            salt, payload = os.urandom(SALT_BYTES), canonical(draft.content)
            promise = commitment(salt, payload)
            entry = Entry(
                index=index,
                record_class=draft.record_class,
                recorded_us=draft.recorded_us,
                source=draft.source,
                key=draft.key,
                subject=subject,
                commitment=promise,
            )
            found.append((entry, box.seal(salt, payload, promise)))
        return found

    async def _owners(
        self, connection: Connection, wanted: set[tuple[str, str]]
    ) -> dict[tuple[str, str], tuple[str, Box]]:
        """Pseudonym and key of every player, made for those who are new."""
        if not wanted:
            return {}
        values = {"licensees": [each[0] for each in wanted], "players": [each[1] for each in wanted]}
        rows = await (await connection.execute(_KEYS, values)).fetchall()
        owners = {
            (licensee, player): (subject, self._safe.open_key(subject, bytes(sealed)))
            for licensee, player, subject, sealed in rows
        }
        fresh = []
        for owner in sorted(wanted - owners.keys()):
            subject = str(uuid.uuid4())
            box, sealed = self._safe.new_key(subject)
            owners[owner] = (subject, box)
            fresh.append((subject, *owner, sealed))
        if fresh:
            columns = {
                "subjects": texts(row[0] for row in fresh),
                "licensees": texts(row[1] for row in fresh),
                "players": texts(row[2] for row in fresh),
                "sealed": blobs(row[3] for row in fresh),
            }
            await connection.execute(_ADD_KEYS, columns)
        return owners

    async def find(self, source: str, key: str) -> Opened | None:
        return await self._one(
            f"{_ENTRIES} WHERE source = %(source)s AND key = %(key)s", {"source": source, "key": key}
        )

    async def get(self, index: int) -> Opened | None:
        """One entry."""
        return await self._one(f"{_ENTRIES} WHERE index = %(index)s", {"index": index})

    async def entries(
        self,
        *,
        owner: tuple[str, str] | None,
        source: str,
        classes: Sequence[RecordClass],
        from_index: int,
        limit: int,
    ) -> list[Opened]:
        values: dict[str, Any] = {"from": from_index, "limit": limit, "classes": [int(each) for each in classes]}
        conditions = ["index >= %(from)s"]
        if owner is not None:
            conditions.append("licensee = %(licensee)s AND player = %(player)s")
            values |= {"licensee": owner[0], "player": owner[1]}
        if source:
            conditions.append("source = %(source)s")
            values["source"] = source
        if classes:
            conditions.append("class = ANY (%(classes)s::smallint[])")
        where = " AND ".join(conditions)
        return await self._opened(f"{_ENTRIES} WHERE {where} ORDER BY index LIMIT %(limit)s", values)

    # -- rounds

    async def position(self, source: str) -> int:
        """How far a source is in the log."""
        return (await self.positions()).get(source, 0)

    async def round_page(self, source: str, from_index: int, limit: int) -> list[Opened]:
        """Events of rounds that a shard's log gave, from an index on."""
        query = (
            f"{_ENTRIES} WHERE source = %(source)s AND class = 4 AND index >= %(from)s ORDER BY index LIMIT %(limit)s"
        )
        return await self._opened(query, {"source": source, "from": from_index, "limit": limit})

    async def round_events(self, names: Sequence[Name], before: int | None = None) -> list[Opened]:
        """Events of rounds, those before an index."""
        found = [digest for name in names for digest in self._safe.names(_parts(name))]
        return await self._opened(_OF_ROUNDS, {"rounds": blobs(found), "before": before or _BEYOND})

    def place(self, name: Name) -> bytes:
        """What stands for a round in the index."""
        return self._safe.names(_parts(name))[0]

    async def round_records(self, source: str, sequences: Sequence[int]) -> list[Opened]:
        """The record of a round and its amendments, by the positions of the round's events."""
        keys = [f"{what}-{sequence}" for sequence in sequences for what in ("record", "amended")]
        query = f"{_ENTRIES} WHERE source = %(source)s AND key = ANY (%(keys)s::text[]) ORDER BY index"
        return await self._opened(query, {"source": source, "keys": keys})

    # -- extracts

    async def last_round(self, source: str) -> int:
        """Index of the last event of a round that a source gave; below zero if there is none."""
        query = "SELECT index FROM entry WHERE source = %(source)s AND class = 4 ORDER BY index DESC LIMIT 1"
        async with self._pool.connection() as connection:
            row = await (await connection.execute(query, {"source": source})).fetchone()
        return int(row[0]) if row else -1

    async def records_since(self, licensee: str, since_us: int, from_index: int, limit: int) -> list[Opened]:
        """A licensee's records of rounds and amendments from a moment on, and all that nobody can read any more."""
        query = (
            f"{_ENTRIES} WHERE class = 4 AND source LIKE 'rounds/%%' AND recorded_us >= %(since)s AND index >= %(from)s"
            " AND (subject_key.subject IS NULL OR subject_key.licensee = %(licensee)s) ORDER BY index LIMIT %(limit)s"
        )
        return await self._opened(query, {"licensee": licensee, "since": since_us, "from": from_index, "limit": limit})

    # -- returns of games

    async def record_page(self, from_index: int, limit: int) -> list[Opened]:
        """Records of rounds and their amendments, from an index on."""
        query = f"{_ENTRIES} WHERE class = 4 AND source LIKE 'rounds/%%' AND index >= %(from)s ORDER BY index LIMIT %(limit)s"
        return await self._opened(query, {"from": from_index, "limit": limit})

    async def sums_of(self, games: Sequence[tuple[str, str]]) -> dict[Group, Sums]:
        """What rounds of games of providers add up to."""
        values = {"providers": [each[0] for each in games], "games": [each[1] for each in games]}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SUMS, values)).fetchall()
        return {_group(row[:7]): _sums(row[7:]) for row in rows}

    async def _one(self, query: str, values: Mapping[str, Any]) -> Opened | None:
        found = await self._opened(query, values)
        return found[0] if found else None

    async def _opened(self, query: str, values: Mapping[str, Any]) -> list[Opened]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(query.encode(), values)).fetchall()
        return [self._open(row) for row in rows]

    def _open(self, row: Sequence[Any]) -> Opened:
        *header, sealed, key = row
        index, number, recorded_us, source, name, subject, promise = header
        entry = Entry(
            index=index,
            record_class=RecordClass(number),
            recorded_us=recorded_us,
            source=source,
            key=name,
            subject=subject,
            commitment=bytes(promise),
        )
        if sealed is None or (subject and key is None):
            return Opened(entry=entry, payload=None, salt=None)
        try:
            boxes = [self._safe.open_key(subject, bytes(key))] if subject else self._safe.houses
            salt, payload = _open(boxes, bytes(sealed), entry.commitment)
        except SealBrokenError:
            _log.error("a payload is not what was written", index=index)
            raise PayloadBrokenError(index=str(index)) from None
        return Opened(entry=entry, payload=payload, salt=salt)


def _open(boxes: Iterable[Box], sealed: bytes, promise: bytes) -> tuple[bytes, str]:
    for box in boxes:
        try:
            return box.open(sealed, promise)
        except SealBrokenError:
            continue
    raise SealBrokenError(promise.hex())


async def _end(connection: Connection) -> End:
    row = await (await connection.execute(_END)).fetchone()
    return End(row[0], tuple(merkle.unpack(bytes(row[1]), row[0]))) if row else EMPTY


async def _positions(connection: Connection) -> dict[str, int]:
    return dict(await (await connection.execute(_POSITIONS)).fetchall())


async def _check_plan(connection: Connection, spans: Sequence[Span], planned_on: End) -> None:
    """Raises HeadMovedError unless the log ends where it was planned, and each span begins where its source ended."""
    if await _end(connection) != planned_on:
        raise HeadMovedError
    positions = await _positions(connection)
    for span in spans:
        if span.position > span.after:
            if positions.get(span.source, 0) != span.after:
                raise HeadMovedError
            positions[span.source] = span.position


async def _insert(
    connection: Connection, entries: Sequence[Entry], leaves: Sequence[bytes], payloads: Sequence[bytes]
) -> None:
    indices = numbers(entry.index for entry in entries)
    columns = {
        "indices": indices,
        "classes": numbers(entry.record_class for entry in entries),
        "recorded": numbers(entry.recorded_us for entry in entries),
        "sources": texts(entry.source for entry in entries),
        "keys": texts(entry.key for entry in entries),
        "subjects": texts(entry.subject or None for entry in entries),
        "commitments": blobs(entry.commitment for entry in entries),
        "leaves": blobs(leaves),
    }
    await connection.execute(_ADD_ENTRIES, columns)
    await connection.execute(_ADD_PAYLOADS, {"indices": indices, "sealed": blobs(payloads)})


async def _add_progress(connection: Connection, spans: Sequence[Span], first: int) -> None:
    moved = [span for span in spans if span.position > span.after]
    if moved:
        columns = {
            "sources": texts(span.source for span in moved),
            "afters": numbers(span.after for span in moved),
            "positions": numbers(span.position for span in moved),
            "first": first,
        }
        await connection.execute(_ADD_PROGRESS, columns)


async def _add_places(connection: Connection, spans: Sequence[Span]) -> None:
    places = [place for span in spans for place in span.places]
    if places:
        columns = {"rounds": blobs(each[0] for each in places), "indices": numbers(each[1] for each in places)}
        await connection.execute(_ADD_PLACES, columns)


async def _put_sums(connection: Connection, spans: Sequence[Span]) -> None:
    for row in (row for span in spans for row in span.sums):
        await connection.execute(_PUT_SUMS, row)


def _group(row: Sequence[Any]) -> Group:
    return Group(**dict(zip(_RETURN_COLUMNS, row, strict=False)))


def _sums(row: Sequence[Any]) -> Sums:
    return Sums(**dict(zip(_RETURN_COLUMNS[7:], row, strict=True)))
