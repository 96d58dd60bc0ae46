"""What a leaf of the audit log is made of, and the growth of the tree. Pure."""

import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from mesh import merkle

FORMAT: Final = 1
"""Version of the leaf's format, its first element."""
TILE_LEVELS: Final = 8
"""Levels between the subtrees whose roots are kept: 256, 65,536, ... leaves."""
APPENDED: Final = "append"
"""Source of events that come by call."""


class RecordClass(enum.IntEnum):
    """What an entry is about. The numbers are those of the contract."""

    MONEY = 1
    DECISION = 2
    PACK = 3
    ROUND = 4
    SESSION = 5
    STAFF = 6
    KEY = 7
    KEEPING = 8
    EXTRACT = 9


_TEN_YEARS: Final = 3653
RETENTION_DAYS: Final[Mapping[RecordClass, int]] = dict.fromkeys(RecordClass, _TEN_YEARS)
"""Days for which payloads are kept: the longest term of any market (N.J.A.C. 13:69O-1.8(d); 58 Pa. Code 811a.7(d))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event that is not in the log yet. `player` is empty for events that are about no player."""

    record_class: RecordClass
    source: str
    key: str
    recorded_us: int
    content: Mapping[str, Any]
    licensee: str = ""
    player: str = ""

    @property
    def owner(self) -> tuple[str, str] | None:
        """Whose key seals it; None: the house's."""
        return (self.licensee, self.player) if self.player else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Events of one source, and the positions of the source that they are all of: after one, up to the other.

    A source without positions has the same number twice; its keys alone say what is new.
    """

    source: str
    after: int = 0
    position: int = 0
    drafts: Sequence[Draft]
    places: Sequence[tuple[bytes, int]] = ()
    """Keyed digests of rounds, and the indices of entries about them."""
    sums: Sequence[tuple[Any, ...]] = ()
    """Rows of what games return, as they are after the span."""
    extracts: Sequence[tuple[Any, ...]] = ()
    """Rows of extracts for regulators."""
    seals: Sequence[tuple[Any, ...]] = ()
    """Rows of their seals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One leaf."""

    index: int
    record_class: RecordClass
    recorded_us: int
    source: str
    key: str
    subject: str
    commitment: bytes

    def leaf(self) -> bytes:
        """The bytes of the leaf: a JSON array, as docs/audit.md has it."""
        elements = [
            FORMAT,
            self.index,
            self.record_class.name.lower(),
            self.recorded_us,
            self.source,
            self.key,
            self.subject,
            self.commitment.hex(),
        ]
        return json.dumps(elements, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An entry with what opens its commitment, both None once that is gone."""

    entry: Entry
    payload: str | None
    salt: bytes | None


@dataclass(frozen=True, slots=True)
class End:
    """The end of the log: its size and the peaks of its tree."""

    size: int
    peaks: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        return merkle.fold(self.peaks)


EMPTY = End(0, ())


@dataclass(frozen=True, slots=True)
class Subtree:
    """Root of a complete subtree of 256, 65,536, ... leaves."""

    level: int
    index: int
    hash: bytes


def canonical(content: Mapping[str, Any]) -> str:
    """An event as canonical JSON."""
    return json.dumps(content, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def commitment(salt: bytes, payload: str) -> bytes:
    """What the leaf says of an event."""
    return sha256(salt + payload.encode()).digest()


def grow(end: End, leaves: Iterable[bytes]) -> tuple[End, list[Subtree]]:
    """Append leaf hashes. Returns the new end, and the kept subtrees that became whole."""
    peaks, size, whole = list(end.peaks), end.size, []
    for leaf in leaves:
        node, level, carry = leaf, 0, size
        while carry & 1:
            node = merkle.node_hash(peaks.pop(), node)
            carry >>= 1
            level += 1
            if level % TILE_LEVELS == 0:
                whole.append(Subtree(level, size >> level, node))
        peaks.append(node)
        size += 1
    return End(size, tuple(peaks)), whole
