"""Notes of calls to licensees' own wallets: which, when, how long, what they said, and what it meant to us.

What was decided is in the log. These are for people who ask what happened on the way.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mesh.arrays import numbers, texts
from mesh.clock import Clock
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import Outcome
from wallet_svc.notes import Book, Notes

_MOST_CHARACTERS = 200


class Note(NamedTuple):
    """One call."""

    shard: int
    sequence: int
    """With the shard, the key that was sent."""
    intent: int | None
    """Position of the intent that a cancel is about."""
    at_us: int
    took_us: int
    method: str
    answered: str
    outcome: int | None


@dataclass(slots=True)
class Calling:
    """One call under way. Whoever reads the answer writes it down here."""

    answered: str = "no answer in time"
    """What came, in the wallet's own word; or what came instead."""
    outcome: Outcome | None = None
    """What that means to us. None: nothing is known, and it is asked again."""


class Upstream(Notes[Note]):
    """Notes of calls to licensees' own wallets."""

    def __init__(self, url: str, clock: Clock, *, name: str, keep_days: int, statement_timeout_ms: int = 5_000) -> None:
        super().__init__(_BOOK, url, clock, name=name, keep_days=keep_days, statement_timeout_ms=statement_timeout_ms)

    @contextlib.contextmanager
    def calling(self, method: str, entry: Entry, *, intent: int | None = None) -> Iterator[Calling]:
        """Around one call about an entry."""
        call, at_us, started = Calling(), self._clock.now_us(), time.monotonic()
        try:
            yield call
        except Exception as error:
            call.answered = str(error) or type(error).__name__
            raise
        finally:
            if not self.is_full:
                took_us = int((time.monotonic() - started) * 1_000_000)
                outcome = None if call.outcome is None else call.outcome.value
                said = call.answered[:_MOST_CHARACTERS]
                self.take(Note(entry.shard, entry.sequence, intent, at_us, took_us, method, said, outcome))


def _columns(notes: Sequence[Note]) -> dict[str, str]:
    return {
        "shards": numbers(note.shard for note in notes),
        "sequences": numbers(note.sequence for note in notes),
        "intents": numbers(note.intent for note in notes),
        "moments": numbers(note.at_us for note in notes),
        "spans": numbers(note.took_us for note in notes),
        "methods": texts(note.method for note in notes),
        "answers": texts(note.answered for note in notes),
        "outcomes": numbers(note.outcome for note in notes),
    }


_BOOK = Book(write="note_upstream", forget="forget_upstream", columns=_columns, lost="wallet.upstream.lost")
