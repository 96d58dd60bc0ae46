"""What the ledger's engine needs from the world."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from wallet_svc.domain.commands import Command
from wallet_svc.domain.journal import Batch, Book
from wallet_svc.domain.state import Registry


class HeadMovedError(Exception):
    """A key, a round or a reference of the batch was written by another process since it was read."""


class LogDownError(Exception):
    """The database did not answer. The batch may or may not be durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueHold:
    """A hold whose time is over."""

    licensee: str
    player: str
    source: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRound:
    """A round that was idle for too long. `key` is its name."""

    licensee: str
    player: str
    source: str
    key: str


class LogRefusedError(Exception):
    """The database refused the batch for a reason that is in the batch itself. Nothing was written."""


class EvidenceDownError(LogRefusedError):
    """The database takes no entries at all: not for what is in the batch, but because the service may not write there."""


class ShardLog(Protocol):
    """The durable log. Commit is compare-and-swap on each shard's head."""

    async def registry(self) -> Registry:
        """The registry as it is now."""
        ...

    async def open_books(self, shards: Iterable[int]) -> dict[int, Book]:
        """Empty books under the present heads."""
        ...

    def held(self, shards: Iterable[int]) -> AbstractAsyncContextManager[dict[int, Book]]:
        """Empty books under the present heads, which no other process moves until the commit or the end of the context.

        A process that stands still is soon taken for dead, and no longer holds them.
        """
        ...

    async def load(self, wanted: Sequence[tuple[Book, Command, bool]], registry: Registry, now_us: int) -> None:
        """Read into the books what the commands need and the books do not know.

        Where the flag is set, the command's own key and round are read as well, instead
        of being taken for new until the database says otherwise.
        """
        ...

    async def commit(self, batches: Sequence[Batch], digests: Sequence[bytes]) -> set[int]:
        """Write the batches whose shards still have the head that was decided on; return those shards.

        Errors: HeadMovedError, LogRefusedError and EvidenceDownError (nothing was written), LogDownError (nobody knows).
        """
        ...

    async def settle(self, batches: Sequence[Batch], digests: Sequence[bytes]) -> set[int]:
        """After LogDownError: the shards whose batch is durable. Waits for the database."""
        ...

    async def due_holds(self, now_us: int) -> list[DueHold]:
        """Holds whose time is over, the oldest first."""
        ...

    async def due_rounds(self, now_us: int) -> list[DueRound]:
        """Rounds that were idle for too long, the oldest first."""
        ...
