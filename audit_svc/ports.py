"""What the use cases need from the world."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from audit_svc.domain import Draft, End, Opened, RecordClass, Span
from audit_svc.domain.extracts import Extract
from audit_svc.domain.returns import Group, Sums
from audit_svc.domain.rounds import Name
from audit_svc.domain.tokens import Token


class HeadMovedError(Exception):
    """Another process has appended meanwhile, or has read a source further. What was planned is planned again."""


class Source(Protocol):
    """A log of another service. Its position is exact: what it gives after a position is always the same."""

    @property
    def name(self) -> str: ...

    def spans(self, after: int) -> AsyncIterator[Span]:
        """What comes after a position, followed for ever."""
        ...


class AuditLog(Protocol):
    """The log, as whoever appends needs it."""

    async def end(self) -> End: ...

    async def positions(self) -> Mapping[str, int]: ...

    async def append(self, spans: Sequence[Span], *, planned_on: End, now_us: int) -> End:
        """All of it or nothing. Errors: HeadMovedError, or what the database says."""
        ...


class Entries(Protocol):
    """The log, as whoever reads needs it."""

    async def end(self) -> End: ...

    async def find(self, source: str, key: str) -> Opened | None: ...

    async def get(self, index: int) -> Opened | None: ...

    async def entries(
        self,
        *,
        owner: tuple[str, str] | None,
        source: str,
        classes: Sequence[RecordClass],
        from_index: int,
        limit: int,
    ) -> list[Opened]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A signed tree: its size, and the note with every cosignature."""

    size: int
    note: str


class Tree(Protocol):
    """What is signed, and why it holds."""

    async def checkpoint(self, size: int = 0, *, cosigned_by: int = 0) -> Checkpoint | None:
        """The checkpoint of a size, or the newest one (of those that so many witnesses have cosigned)."""
        ...

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that an entry is in the tree of a size."""
        ...

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that one tree is the beginning of the other."""
        ...

    async def keep_cosignature(self, size: int, witness: str, line: str) -> None:
        """Keep what a witness signed. What it signs again changes nothing."""
        ...


class Appending(Protocol):
    """Takes single events into the log."""

    async def append(self, draft: Draft) -> None:
        """Returns when the event is durable. Errors: HeadMovedError, DependencyDownError."""
        ...

    async def append_span(self, span: Span) -> None:
        """The same for several events, and the rows that go with them."""
        ...


@dataclass(frozen=True, slots=True)
class Erasure:
    """How an erasure went: entries, or the hold or the moment in the way."""

    entries: int
    hold_id: str | None
    until_us: int | None


class Keeping(Protocol):
    """Holds, erasure and the end of retention."""

    async def erase(self, licensee: str, player: str, now_us: int) -> Erasure:
        """Destroy a player's key, unless something is in the way."""
        ...

    async def expire(self, now_us: int, most: int) -> int:
        """Delete payloads whose time is over; returns how many."""
        ...

    async def place(self, hold_id: str, licensee: str, player: str, now_us: int) -> bool:
        """Place a hold. False: another one has this id."""
        ...

    async def hold(self, hold_id: str) -> tuple[str, str] | None:
        """Whose records a hold keeps."""
        ...

    async def release(self, hold_id: str, now_us: int) -> None:
        """End a hold. Ended before, it stays so."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a witness said: a cosignature, or the size that it has seen, or why it refuses."""

    line: str = ""
    seen: int | None = None
    refusal: str = ""


class Witness(Protocol):
    """Somebody who cosigns."""

    @property
    def url(self) -> str: ...

    async def cosign(self, *, old: int, path: Sequence[bytes], checkpoint: str) -> Answer:
        """Ask for a cosignature. Errors: DependencyDownError."""
        ...


class RoundLog(Protocol):
    """The log, as whoever tells rounds needs it."""

    async def position(self, source: str) -> int:
        """How far a source is in the log."""
        ...

    async def round_page(self, source: str, from_index: int, limit: int) -> list[Opened]:
        """Events of rounds that a shard's log gave, from an index on."""
        ...

    async def round_events(self, names: Sequence[Name], before: int | None = None) -> list[Opened]:
        """Events of rounds, those before an index."""
        ...

    async def round_records(self, source: str, sequences: Sequence[int]) -> list[Opened]:
        """The record of a round and its amendments, by the positions of the round's events."""
        ...

    def place(self, name: Name) -> bytes:
        """What stands for a round in the index."""
        ...


class ReturnLog(RoundLog, Protocol):
    """The log, as whoever watches returns needs it."""

    async def record_page(self, from_index: int, limit: int) -> list[Opened]:
        """Records of rounds and their amendments, from an index on."""
        ...

    async def sums_of(self, games: Sequence[tuple[str, str]]) -> dict[Group, Sums]:
        """What rounds of games of providers add up to."""
        ...


class ExtractLog(RoundLog, Protocol):
    """The log, as whoever makes extracts needs it."""

    async def positions(self) -> Mapping[str, int]: ...

    async def last_round(self, source: str) -> int:
        """Index of the last event of a round that a source gave; below zero if there is none."""
        ...

    async def records_since(self, licensee: str, since_us: int, from_index: int, limit: int) -> list[Opened]:
        """A licensee's records of rounds and amendments from a moment on, and all that nobody can read any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """An extract that was made, with the seal that it has."""

    extract: Extract
    seal: bytes | None


class Extracts(Protocol):
    """The extracts that were made."""

    async def newest(self, market: str, licensee: str) -> Filed | None:
        """The one with the highest sequence."""
        ...

    async def newest_of(self, market: str, licensee: str, from_us: int, to_us: int) -> Filed | None:
        """The one of a period with the highest number."""
        ...

    async def get(self, market: str, licensee: str, sequence: int) -> Filed | None:
        """One of them."""
        ...

    async def page(self, market: str, licensee: str, after: int, limit: int) -> list[Filed]:
        """Those after a sequence, in order, without their files."""
        ...

    async def unsealed(self, market: str, licensee: str) -> list[Filed]:
        """Those without a seal, in order."""
        ...


class Registry(Protocol):
    """The wallets, as whoever makes extracts asks them."""

    async def heads(self) -> Mapping[int, int]:
        """The last position of each shard now."""
        ...

    async def licensees(self) -> set[str]:
        """Ids of all licensees."""
        ...


class TokenService(Protocol):
    """The authority's service that gives and closes tokens."""

    async def open(self, batch: str) -> Token:
        """The token of a batch: the same one until it is closed or over. Errors: DependencyDownError."""
        ...

    async def close(self, extract: Extract, token: Token, mac: str) -> str:
        """What the authority signs, verified. The same MAC gets the same. Errors: DependencyDownError."""
        ...
