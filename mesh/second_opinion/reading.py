"""Reads the wallet's database, one moment at a time, with a role that can do nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import psycopg

from mesh.second_opinion.notebook import HoldName
from mesh.verify.lines import Span, copy
from mesh.verify.tables import Batch, Facts, Head

_HEADS: Final = "SELECT id, next_sequence, digest, frontier FROM shard ORDER BY id"
_BATCHES: Final = (
    "SELECT wanted.shard, found.* FROM unnest(%(shards)s::smallint[], %(after)s::bigint[]) AS wanted (shard, after)"
    " CROSS JOIN LATERAL (SELECT first_sequence, count, previous, digest, root, writer FROM batch"
    " WHERE batch.shard = wanted.shard AND batch.first_sequence > wanted.after"
    " ORDER BY first_sequence LIMIT %(limit)s) AS found"
)
_ACCOUNTS: Final = (
    "SELECT id, debits, credits, CASE WHEN player_id IS NULL THEN 1 WHEN class = 4 THEN 2 ELSE 0 END"
    " FROM account WHERE id = ANY (%(ids)s::bigint[])"
)
_ACCOUNT_PAGE: Final = "SELECT id, debits, credits FROM account WHERE id > %(after)s ORDER BY id LIMIT %(limit)s"
_FACTS: Final = "SELECT id, pack, born_on, main_asset_id, blocked, register, person FROM player"
_FACTS_OF: Final = f"{_FACTS} WHERE id = ANY (%(ids)s::bigint[])"
_FACTS_PAGE: Final = f"{_FACTS} WHERE id > %(after)s ORDER BY id LIMIT %(limit)s"
_HOLDS: Final = (
    "SELECT hold.player_id, hold.source_id, hold.key, hold.asset_id, hold.amount, hold.captured, hold.released, hold.state"
    " FROM unnest(%(players)s::bigint[], %(sources)s::smallint[], %(keys)s::text[]) AS asked (player, source, key)"
    " JOIN hold ON hold.player_id = asked.player AND hold.source_id = asked.source AND hold.key = asked.key"
)
_TOUCHED: Final = "SELECT coalesce(sum(n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables WHERE relname ~ '^(transfer|batch)'"
_SAME_KEY: Final = (
    "SELECT count(*) FROM transfer AS one JOIN transfer AS other USING (licensee_id, player_id, source_id, kind, key)"
    " WHERE one.shard = %(shard)s AND one.sequence = %(sequence)s"
)


class Sums(NamedTuple):
    """What an account's row says."""

    debits: int
    credits: int
    owner: int = 0
    """0 a player, 1 the house, 2 a player, who owes it."""


class Reader:
    """A connection that sees one moment of the ledger at a time."""

    def __init__(self, url: str, *, statement_timeout_ms: int) -> None:
        self._connection = psycopg.connect(
            url,
            application_name="second_opinion",
            connect_timeout=3,
            keepalives_idle=5,
            tcp_user_timeout=10_000,
            options=f"-c statement_timeout={statement_timeout_ms}",
        )
        self._connection.read_only = True
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Everything that is read inside is as it was at one moment."""
        with self._connection.transaction():
            yield

    def heads(self) -> list[Head]:
        """The end of every log."""
        return [Head._make(row) for row in self._rows(_HEADS)]

    def batches(self, after: Mapping[int, int], limit: int) -> dict[int, list[Batch]]:
        """Up to so many batches of each shard that begin after a sequence."""
        values = {"shards": list(after), "after": list(after.values()), "limit": limit}
        found: dict[int, list[Batch]] = {shard: [] for shard in after}
        for shard, *batch in self._rows(_BATCHES, values):
            found[shard].append(Batch(*batch))
        return found

    def lines(self, spans: Sequence[Span]) -> dict[int, list[bytes]]:
        """The entries of these spans by shard, as lines of COPY."""
        found: dict[int, list[bytes]] = {span[0]: [] for span in spans}
        for shard, line in copy(self._connection, spans):
            found[shard].append(line)
        return found

    def accounts(self, ids: Iterable[int]) -> dict[int, Sums]:
        """Accounts by id."""
        return {row[0]: Sums(int(row[1]), int(row[2]), row[3]) for row in self._rows(_ACCOUNTS, {"ids": list(ids)})}

    def account_page(self, after: int, limit: int) -> dict[int, Sums]:
        """Accounts after an id, in order of ids."""
        rows = self._rows(_ACCOUNT_PAGE, {"after": after, "limit": limit})
        return {row[0]: Sums(int(row[1]), int(row[2])) for row in rows}

    def facts(self, ids: Iterable[int]) -> dict[int, Facts]:
        """What the table says of players, by id."""
        return {row[0]: Facts._make(row[1:]) for row in self._rows(_FACTS_OF, {"ids": list(ids)})}

    def facts_page(self, after: int, limit: int) -> dict[int, Facts]:
        """What the table says of players after an id, in order of ids."""
        return {row[0]: Facts._make(row[1:]) for row in self._rows(_FACTS_PAGE, {"after": after, "limit": limit})}

    def holds(self, names: Sequence[HoldName]) -> dict[HoldName, tuple[Any, ...]]:
        """(asset, amount, captured, released, state) of reservations."""
        values = {
            "players": [name[0] for name in names],
            "sources": [name[1] for name in names],
            "keys": [name[2] for name in names],
        }
        return {(row[0], row[1], row[2]): row[3:] for row in self._rows(_HOLDS, values)}

    def rows_touched(self) -> int:
        """How many rows of history were changed or deleted, as the server counts them. In honest life none ever is."""
        return int(self._rows(_TOUCHED)[0][0])

    def same_key(self, shard: int, sequence: int) -> int:
        """How many entries have the key of this one, itself counted."""
        return int(self._rows(_SAME_KEY, {"shard": shard, "sequence": sequence})[0][0])

    def _rows(self, query: Any, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:  # noqa: ANN401 - a literal
        return self._connection.execute(query, values).fetchall()
