"""Notes of calls that stored nothing: replays, refused re-use of keys, answers that use up no key.

The call that stores an answer is in the log itself. The others are noted behind the answers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from mesh.arrays import flags, numbers, texts
from mesh.clock import Clock
from mesh.identity import PLATFORM
from wallet_svc.domain.commands import Command
from wallet_svc.domain.fingerprint import content
from wallet_svc.domain.journal import Book
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Registry
from wallet_svc.domain.vocabulary import Outcome
from wallet_svc.notes import Book as NoteBook
from wallet_svc.notes import Notes


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


class Attempts(Notes[Note]):
    """Notes of calls that stored nothing."""

    def __init__(self, url: str, clock: Clock, *, name: str, keep_days: int, statement_timeout_ms: int = 5_000) -> None:
        super().__init__(_BOOK, url, clock, name=name, keep_days=keep_days, statement_timeout_ms=statement_timeout_ms)

    def note(
        self, commands: Sequence[Command], decided: Sequence[Decided], book: Book, registry: Registry, now_us: int
    ) -> None:
        """Note those of a message's answers that stored nothing, and what the platform did in another's name."""
        for command, one in zip(commands, decided, strict=True):
            if one.replayed or not one.new or (command.caller == PLATFORM and command.source != PLATFORM):
                self._add(command, one, book, registry, now_us)

    def _add(self, command: Command, one: Decided, book: Book, registry: Registry, now_us: int) -> None:
        player = book.players.get((command.licensee, command.player))
        if player is None or player.id == 0 or self.is_full:
            return
        reused = one.entry.outcome is Outcome.IDEMPOTENCY_CONFLICT
        self.take(
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


_BOOK = NoteBook(write="note_attempts", forget="forget_attempts", columns=_columns, lost="wallet.attempts.lost")
