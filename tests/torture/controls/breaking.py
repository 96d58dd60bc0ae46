"""What is broken in the database: constraints that its owner drops, and rows that its superuser changes."""

from __future__ import annotations

import psycopg
from psycopg import sql

from tests.torture.server import DATABASE
from tests.torture.world import World

_UNIQUE = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
WHERE contype IN ('p', 'u') AND conrelid::regclass::text = ANY (%s) AND conislocal
"""
_UNIQUE_INDEXES = """
SELECT indexrelid::regclass::text FROM pg_index
WHERE indisunique AND NOT indisprimary AND indrelid::regclass::text = ANY (%s) AND pg_get_indexdef(indexrelid) LIKE %s
"""


def drop_unique_key(world: World) -> None:
    """No index keeps a key from standing twice."""
    with psycopg.connect(world.database.owner_url) as owner:
        dropped = _drop_indexes(owner, ["transfer"], "%key%")
    if not dropped:
        raise RuntimeError("no unique index over the key was found: the control must be written anew")


def drop_places(world: World) -> None:
    """Nothing in the tables keeps two batches from taking the same place in a log."""
    with psycopg.connect(world.database.owner_url) as owner:
        for table, name in owner.execute(_UNIQUE, (["transfer", "batch"],)).fetchall():
            owner.execute(_drop_constraint(table, name))
        _drop_indexes(owner, ["transfer", "batch"], "%")


def drop_checks_of_holds(world: World) -> None:
    """Nothing in the tables keeps a hold from being paid out twice."""
    query = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid::regclass::text IN ('hold', 'account')"
    with psycopg.connect(world.database.owner_url) as owner:
        for table, name in owner.execute(query).fetchall():
            owner.execute(_drop_constraint(table, name))


def _drop_indexes(owner: psycopg.Connection, tables: list[str], like: str) -> int:
    found = owner.execute(_UNIQUE_INDEXES, (tables, like)).fetchall()
    for (name,) in found:
        owner.execute(sql.SQL("DROP INDEX {} CASCADE").format(sql.Identifier(name)))
    return len(found)


def _drop_constraint(table: str, name: str) -> sql.Composed:
    return sql.SQL("ALTER TABLE {} DROP CONSTRAINT {} CASCADE").format(sql.Identifier(table), sql.Identifier(name))


def _tamper(world: World, *statements: str) -> None:
    """As superuser, with every trigger off."""
    url = world.server.admin_url.removesuffix("/postgres") + f"/{DATABASE}"
    with psycopg.connect(url) as admin:
        admin.execute("SET session_replication_role = replica")
        for statement in statements:
            done = admin.execute(statement.encode())
            if done.rowcount == 0:
                raise RuntimeError(f"nothing was changed by {statement}")


def change_a_byte(world: World) -> None:
    """The last letter of the round of one old bet."""
    _tamper(
        world,
        "UPDATE transfer SET round = overlay(round PLACING '#' FROM length(round) FOR 1) WHERE (shard, sequence) ="
        " (SELECT shard, sequence FROM transfer WHERE kind = 1 AND round IS NOT NULL ORDER BY shard, sequence LIMIT 1)",
    )


def remove_a_row(world: World) -> None:
    """One row in the middle of a log."""
    _tamper(
        world,
        "DELETE FROM transfer WHERE (shard, sequence) ="
        " (SELECT shard, max(sequence) / 2 FROM transfer GROUP BY shard ORDER BY shard LIMIT 1)",
    )


def swap_two_rows(world: World) -> None:
    """Two neighbours change places."""
    pair = "shard = (SELECT min(shard) FROM transfer) AND sequence"
    _tamper(
        world,
        f"UPDATE transfer SET sequence = 1000000000 WHERE {pair} = 40",  # noqa: S608 - our own text
        f"UPDATE transfer SET sequence = 40 WHERE {pair} = 41",  # noqa: S608 - our own text
        f"UPDATE transfer SET sequence = 41 WHERE {pair} = 1000000000",  # noqa: S608 - our own text
    )


def cut_off_the_tail(world: World) -> None:
    """The last batches of a shard never were: the chain is whole, and only those who were answered know better."""
    last = (
        "(SELECT shard, max(first_sequence) FROM batch JOIN shard ON shard.id = batch.shard"
        " WHERE first_sequence < next_sequence * 0.8 GROUP BY shard ORDER BY shard LIMIT 1)"
    )
    _tamper(
        world,
        # The head then no longer fits its tree. Who can forge the tail can forge that, too.
        "ALTER TABLE shard DROP CONSTRAINT IF EXISTS shard_frontier",
        "UPDATE shard SET digest = batch.previous, next_sequence = batch.first_sequence FROM batch"  # noqa: S608 - our own text
        f" WHERE batch.shard = shard.id AND (batch.shard, batch.first_sequence) = {last}",
        "DELETE FROM transfer USING shard WHERE shard.id = transfer.shard AND sequence >= shard.next_sequence",
        "DELETE FROM batch USING shard WHERE shard.id = batch.shard AND first_sequence >= shard.next_sequence",
    )
