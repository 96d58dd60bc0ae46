"""Which records of rounds there must be, from the ledger alone: one where a round was settled, one for each event after it.

Written from docs/audit.md, and shares no code with the service that makes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mesh.verify.findings import Findings
from mesh.verify.tables import OK, Kind

_RESULTS: Final = frozenset({Kind.WIN, Kind.JACKPOT, Kind.FREE_ROUND_SPIN, Kind.FREE_ROUND_TOTAL})
_KINDS: Final = _RESULTS | {Kind.BET, Kind.CANCEL, Kind.CLOSE_ROUND, Kind.REVERSE_WIN, Kind.UNDO_ROLLBACK}


class Row(NamedTuple):
    """What decides, of an entry of the ledger that has a key and a round."""

    sequence: int
    player_id: int
    source_id: int
    round: str
    kind: int
    key: str
    reference: str | None
    outcome: int
    closes: bool


@dataclass(slots=True)
class _Round:
    live: set[str] = field(default_factory=set)
    undone: dict[str, str] = field(default_factory=dict)
    settled: bool = False

    def settles(self, row: Row) -> bool:
        if row.kind == Kind.BET:
            self.live.add(row.key)
        elif row.kind == Kind.CANCEL and row.reference in self.live:
            self.live.discard(row.reference)
            self.undone[row.key] = row.reference
            return not self.live
        elif row.kind == Kind.UNDO_ROLLBACK and row.reference in self.undone:
            self.live.add(self.undone.pop(row.reference))
        return row.kind in _RESULTS or row.kind == Kind.CLOSE_ROUND


@dataclass(slots=True)
class Expected:
    """Positions where records and amendments must be, and how many rounds are still open."""

    records: set[int] = field(default_factory=set)
    amended: set[int] = field(default_factory=set)
    staked: dict[int, object] = field(default_factory=dict)
    """The round of each stake, by position."""
    settled: set[object] = field(default_factory=set)
    open: int = 0


def expected(rows: Iterable[Row]) -> Expected:
    """What the records of one shard must be, from its rows in order."""
    found, rounds = Expected(), dict[object, _Round]()
    for row in rows:
        if row.outcome != OK or row.kind not in _KINDS:
            continue
        name = (row.player_id, row.source_id, row.round)
        one = rounds.setdefault(name, _Round())
        if row.kind == Kind.BET:
            found.staked[row.sequence] = name
        before = one.settled
        one.settled = one.settles(row) or row.closes or before
        if before:
            found.amended.add(row.sequence)
        elif one.settled:
            found.records.add(row.sequence)
            found.settled.add(name)
    found.open = len(rounds) - len(found.settled)
    return found


def compare(shard: int, wanted: Expected, records: set[int], amended: set[int], findings: Findings) -> None:
    """Each record and amendment is there, at its place, and no other is."""
    for name, here, there in (("record", wanted.records, records), ("amendment", wanted.amended, amended)):
        findings.looked_at += len(here | there)
        for sequence in sorted(here - there):
            findings.add(f"{shard}-{sequence}: the ledger settled a round here, and the log has no {name} of it")
        for sequence in sorted(there - here):
            findings.add(
                f"{shard}-{sequence}: the log has one {name} too many, of a round that the ledger did not settle here"
            )
