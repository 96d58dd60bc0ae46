"""Extracts and their seals. They are written by the log, in the transaction of the entries that name them."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from audit_svc.domain import Span
from audit_svc.domain.extracts import Extract
from audit_svc.ports import Filed
from mesh.database import Connection, Pool

_ADD = (
    "INSERT INTO extract (market, licensee, sequence, from_us, to_us, number, schema, pseudonym_key, told, digest, rounds,"
    " json_sha256, xml_sha256, json, xml, recorded_us)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_NAMES = tuple(each.name for each in fields(Extract))
_ADD_SEAL = "INSERT INTO extract_seal (market, licensee, sequence, seal, recorded_us) VALUES (%s, %s, %s, %s, %s)"
_FILED = (
    "SELECT market, licensee, sequence, from_us, to_us, number, schema, pseudonym_key, told, digest, rounds, json_sha256,"
    " xml_sha256, json, xml, extract.recorded_us, seal FROM extract"
    " LEFT JOIN extract_seal USING (market, licensee, sequence)"
    " WHERE market = %(market)s AND licensee = %(licensee)s"
)
_LISTED = _FILED.replace("json, xml,", "''::bytea, ''::bytea,")


async def add_extracts(connection: Connection, spans: Sequence[Span]) -> None:
    """Write what spans bring. One that somebody else has written meanwhile collides on its key."""
    for row in (row for span in spans for row in span.extracts):
        await connection.execute(_ADD, row)
    for row in (row for span in spans for row in span.seals):
        await connection.execute(_ADD_SEAL, row)


class PostgresExtracts:
    """Implements `ports.Extracts`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def newest(self, market: str, licensee: str) -> Filed | None:
        """The one with the highest sequence."""
        return await self._one(" ORDER BY sequence DESC LIMIT 1", market, licensee)

    async def newest_of(self, market: str, licensee: str, from_us: int, to_us: int) -> Filed | None:
        """The one of a period with the highest number."""
        end = " AND from_us = %(from)s AND to_us = %(to)s ORDER BY number DESC LIMIT 1"
        return await self._one(end, market, licensee, **{"from": from_us, "to": to_us})

    async def get(self, market: str, licensee: str, sequence: int) -> Filed | None:
        """One of them."""
        return await self._one(" AND sequence = %(sequence)s", market, licensee, sequence=sequence)

    async def page(self, market: str, licensee: str, after: int, limit: int) -> list[Filed]:
        """Those after a sequence, in order, without their files."""
        end = " AND sequence > %(after)s ORDER BY sequence LIMIT %(limit)s"
        return await self._filed(end, market, licensee, what=_LISTED, after=after, limit=limit)

    async def unsealed(self, market: str, licensee: str) -> list[Filed]:
        """Those without a seal, in order."""
        return await self._filed(" AND seal IS NULL ORDER BY sequence", market, licensee)

    async def _one(self, end: str, market: str, licensee: str, **values: Any) -> Filed | None:
        found = await self._filed(end, market, licensee, **values)
        return found[0] if found else None

    async def _filed(self, end: str, market: str, licensee: str, *, what: str = _FILED, **values: Any) -> list[Filed]:
        query = f"{what}{end}"
        async with self._pool.connection() as connection:
            rows = await connection.execute(query.encode(), {"market": market, "licensee": licensee, **values})
            return [_filed(row) for row in await rows.fetchall()]


def _filed(row: Sequence[Any]) -> Filed:
    *values, seal = row
    # Bytes come as views.
    content: list[Any] = [bytes(each) if isinstance(each, (bytes, memoryview)) else each for each in values]
    extract = Extract(**dict(zip(_NAMES, content, strict=True)))
    return Filed(extract=extract, seal=None if seal is None else bytes(seal))
