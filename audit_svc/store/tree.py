"""Checkpoints, proofs and cosignatures, from the hashes that are kept: as many reads as the tree is high."""

from collections.abc import Iterable, Sequence

from audit_svc.domain import TILE_LEVELS
from audit_svc.errors import SizesInvalidError
from audit_svc.ports import Checkpoint
from mesh import merkle
from mesh.database import Connection, Pool
from mesh.verify.cosignatures import WitnessKey, is_about

_CHECKPOINT = "SELECT first_index + count, checkpoint FROM batch WHERE first_index + count = %(size)s"
_NEWEST = "SELECT first_index + count, checkpoint FROM batch ORDER BY first_index DESC LIMIT 1"
_COSIGNED = (
    "SELECT batch.first_index + batch.count, batch.checkpoint FROM batch"
    " JOIN (SELECT tree_size FROM cosignature WHERE tree_size < %(before)s GROUP BY tree_size"
    " HAVING count(*) >= %(witnesses)s) AS cosigned ON cosigned.tree_size = batch.first_index + batch.count"
    " ORDER BY tree_size DESC LIMIT 1"
)
_MOST_SIZE = 2**63 - 1
_LINES = "SELECT line FROM cosignature WHERE tree_size = %(size)s ORDER BY witness"
_LEAVES = "SELECT leaf_hash FROM entry WHERE index >= %(first)s AND index < %(end)s ORDER BY index"
_SUBTREES = "SELECT hash FROM subtree WHERE level = %(level)s AND index >= %(first)s AND index < %(end)s ORDER BY index"


class PostgresTree:
    """Implements `ports.Tree`."""

    def __init__(self, pool: Pool, witnesses: Sequence[WitnessKey] = ()) -> None:
        self._pool = pool
        self._witnesses = witnesses

    async def checkpoint(self, size: int = 0, *, cosigned_by: int = 0) -> Checkpoint | None:
        """The checkpoint of a size, or the newest one (of those that so many witnesses have cosigned)."""
        async with self._pool.connection() as connection:
            if cosigned_by and not size:
                return await self._cosigned(connection, cosigned_by)
            row = await (await connection.execute(_CHECKPOINT if size else _NEWEST, {"size": size})).fetchone()
            return None if row is None else _with(row, await self._lines(connection, *row))

    async def _cosigned(self, connection: Connection, witnesses: int) -> Checkpoint | None:
        before = _MOST_SIZE
        while True:
            values = {"witnesses": witnesses, "before": before}
            row = await (await connection.execute(_COSIGNED, values)).fetchone()
            if row is None:
                return None
            lines = await self._lines(connection, *row)
            if len(lines) >= witnesses:
                return _with(row, lines)
            before = row[0]

    async def _lines(self, connection: Connection, size: int, note: str) -> list[str]:
        """What witnesses have signed of this checkpoint.

        A line outlives the checkpoint that it was for if somebody cuts the log and lets it grow again to the same size.
        """
        text = note.partition("\n\n")[0] + "\n"
        rows = await (await connection.execute(_LINES, {"size": size})).fetchall()
        return [line for (line,) in rows if is_about(line, text, self._witnesses)]

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that an entry is in the tree of a size."""
        if index >= size:
            raise SizesInvalidError(from_size=str(index), to_size=str(size))
        return await self._proof(merkle.inclusion_ranges(index, size))

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that one tree is the beginning of the other."""
        if old > new:
            raise SizesInvalidError(from_size=str(old), to_size=str(new))
        return await self._proof(merkle.consistency_ranges(old, new))

    async def keep_cosignature(self, size: int, witness: str, line: str) -> None:
        """Keep what a witness signed. What it signs again changes nothing."""
        query = "INSERT INTO cosignature VALUES (%(size)s, %(witness)s, %(line)s) ON CONFLICT DO NOTHING"
        async with self._pool.connection() as connection:
            await connection.execute(query, {"size": size, "witness": witness, "line": line})

    async def _proof(self, ranges: Iterable[merkle.Range]) -> list[bytes]:
        ranges = list(ranges)
        nodes = {node for each in ranges for node in merkle.cover(each)}
        async with self._pool.connection() as connection:
            hashes = {node: await _node(connection, node) for node in sorted(nodes)}
        return merkle.proof(ranges, hashes.__getitem__)


def _with(row: tuple[int, str], lines: Iterable[str]) -> Checkpoint:
    size, note = row
    return Checkpoint(size=size, note=note + "".join(f"{line}\n" for line in lines))


async def _node(connection: Connection, node: merkle.Node) -> bytes:
    """The hash of a complete subtree, from the nearest hashes below it that are kept."""
    level, index = node
    tiles, within = divmod(level, TILE_LEVELS)
    query = _SUBTREES if tiles else _LEAVES
    values = {"level": tiles * TILE_LEVELS, "first": index << within, "end": index + 1 << within}
    rows = await (await connection.execute(query, values)).fetchall()
    hashes: Sequence[bytes] = [bytes(row[0]) for row in rows]
    if len(hashes) != 1 << within:
        raise LookupError(f"the log has lost hashes below {node}")
    while len(hashes) > 1:
        hashes = [merkle.node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]
