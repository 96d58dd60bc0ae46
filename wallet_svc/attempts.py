"""Notes of calls that stored nothing: replays, refused re-use of keys, answers that use up no key.

The call that stores an answer is in the log itself. The others are noted behind the answers: a list in memory, written
a few times a second in one statement, on a connection of its own. So the way of a bet pays an append, and what can be
lost, when a process is killed or the list is full, are notes and never money.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import orjson
import psycopg
from psycopg.rows import TupleRow

from mesh import metrics
from mesh.arrays import flags, numbers, texts
from mesh.clock import Clock
from mesh.database import connect
from mesh.identity import PLATFORM
from wallet_svc.domain.commands import Command
from wallet_svc.domain.fingerprint import content
from wallet_svc.domain.journal import Book
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Registry
from wallet_svc.domain.vocabulary import Outcome
from wallet_svc.store.running import execute
from wallet_svc.store.statements import STATEMENTS

_MOST_WAITING = 20_000
_AT_ONCE = 2_000
_INTERVAL_S = 0.2
_TIDY_S = 3_600.0
_DAY_US = 86_400_000_000


class Note(NamedTuple):
    """One call that stored nothing."""

    licensee_id: int
    player_id: int
    source_id: int
    kind: int
    key: str
    at_us: int
    caller: str
    request_id: str
    outcome: int
    replayed: bool
    content: str | None


class Attempts:
    """Takes notes and writes them behind the answers."""

    def __init__(self, url: str, clock: Clock, *, name: str, keep_days: int, statement_timeout_ms: int = 5_000) -> None:
        self._url, self._clock, self._name, self._timeout_ms = url, clock, name, statement_timeout_ms
        self._keep_us = keep_days * _DAY_US
        self._waiting: deque[Note] = deque()
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None
        self._lost = metrics.registry.counter("wallet.attempts.lost")
        self._tidied = 0.0

    def note(
        self, commands: Sequence[Command], decided: Sequence[Decided], book: Book, registry: Registry, now_us: int
    ) -> None:
        """Note those of a message's answers that stored nothing, and what the platform did in another's name."""
        for command, one in zip(commands, decided, strict=True):
            if one.replayed or not one.new or (command.caller == PLATFORM and command.source != PLATFORM):
                self._add(command, one, book, registry, now_us)

    def _add(self, command: Command, one: Decided, book: Book, registry: Registry, now_us: int) -> None:
        player = book.players.get((command.licensee, command.player))
        if player is None or player.id == 0:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._lost.add()
            return
        reused = one.entry.outcome is Outcome.IDEMPOTENCY_CONFLICT
        self._waiting.append(
            Note(
                player.licensee.id,
                player.id,
                registry.sources[command.source],
                command.kind.value,
                command.key or getattr(command.action, "round", ""),
                now_us,
                command.caller,
                command.request_id,
                one.entry.outcome.value,
                one.replayed,
                orjson.dumps(content(command.action)).decode() if reused else None,
            )
        )

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL_S)
            with contextlib.suppress(psycopg.Error, OSError):
                await self._write()
                await self._tidy()

    async def _write(self) -> None:
        while self._waiting:
            notes = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            try:
                await execute(await self._connected(), STATEMENTS["note_attempts"], _columns(notes))
            except BaseException:
                # Written twice is better than not at all, and a full list loses the newest.
                self._waiting.extendleft(reversed(notes[: max(0, _MOST_WAITING - len(self._waiting))]))
                await self._disconnect()
                raise

    async def _tidy(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._tidied < _TIDY_S and self._tidied:
            return
        self._tidied = now
        before = self._clock.now_us() - self._keep_us
        await execute(await self._connected(), STATEMENTS["forget_attempts"], {"before": before})

    async def _connected(self) -> psycopg.AsyncConnection[TupleRow]:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._url, name=self._name, statement_timeout_ms=self._timeout_ms)
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def close(self) -> None:
        """Write what is left, if the database still answers."""
        with contextlib.suppress(psycopg.Error, OSError):
            await self._write()
        await self._disconnect()


def _columns(notes: Sequence[Note]) -> dict[str, str]:
    return {
        "licensees": numbers(note.licensee_id for note in notes),
        "players": numbers(note.player_id for note in notes),
        "sources": numbers(note.source_id for note in notes),
        "kinds": numbers(note.kind for note in notes),
        "keys": texts(note.key for note in notes),
        "moments": numbers(note.at_us for note in notes),
        "callers": texts(note.caller for note in notes),
        "requests": texts(note.request_id for note in notes),
        "outcomes": numbers(note.outcome for note in notes),
        "replays": flags(note.replayed for note in notes),
        "contents": texts(note.content for note in notes),
    }
