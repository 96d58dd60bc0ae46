"""The whole verification: read, check, report."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from mesh.verify.exported import Export
from mesh.verify.findings import Check, Findings, verdict
from mesh.verify.ledger import join, verify_shard
from mesh.verify.notes import Checkpoint, Key
from mesh.verify.reading import Ledger, read_records
from mesh.verify.signed import Signed, opened
from mesh.verify.studios import Collector, Message, compare
from mesh.verify.tables import Head, Names, Shard, Transfer
from mesh.verify.totals import Totals

SIGNED: Final = "the log is the one that was signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every check by name, and what happened in sums."""

    checks: tuple[Check, ...]
    totals: Mapping[str, Any]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return all(check.ok for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        checks = [asdict(check) for check in self.checks]
        return {"ok": self.ok, "seconds": round(self.seconds, 3), "checks": checks, "totals": dict(self.totals)}

    def as_text(self) -> str:
        """For people."""
        return "\n".join(_lines(self.checks))


class Source(Protocol):
    """Where a ledger is read from: each shard once, in order, first its tables and then its entries."""

    def names(self) -> Names:
        """What the numbers mean."""
        ...

    def heads(self) -> list[Head]:
        """The end of every log."""
        ...

    def shard(self, head: Head) -> Shard:
        """Everything of one shard but its entries."""
        ...

    def transfers(self, head: Head) -> Iterator[Transfer]:
        """The entries of one shard."""
        ...

    def notes(self) -> list[str]:
        """Checkpoints that stand beside the shard that was read last."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Checkpoints that were kept elsewhere, and the keys that may have signed any."""

    notes: Sequence[str] = ()
    keys: Sequence[Key] = ()


def verify(
    url: str,
    studios: Mapping[str, Path] | None = None,
    *,
    still_playing: bool = False,
    trust: Trust | None = None,
) -> Report:
    """Check the ledger at `url`, each studio's record against it, and it against checkpoints that were kept."""
    began = time.monotonic()
    # The records first: what the ledger learns later may be missing there, never the other way round.
    records = read_records(studios or {})
    with closing(Ledger(url)) as ledger:
        run = Run(ledger, records, trust or Trust(), still_playing=still_playing)
        run.all_shards()
    return run.report(began, [])


def verify_export(
    path: Path,
    studios: Mapping[str, Path] | None = None,
    *,
    still_playing: bool = False,
    trust: Trust | None = None,
) -> Report:
    """Check an export with nothing but the file, and what was kept elsewhere."""
    began = time.monotonic()
    with closing(Export(path)) as export:
        run = Run(export, read_records(studios or {}), trust or Trust(), still_playing=still_playing)
        run.all_shards()
        export.end()
    spoiled = export.spoiled
    return run.report(
        began,
        [
            verdict("no byte changed", "rows", [spoiled.changed]),
            verdict("no row removed", "rows", [spoiled.removed]),
            verdict("no rows swapped", "rows", [spoiled.swapped]),
            verdict("no tail cut off", "ends", [spoiled.truncated, *run.tails]),
            verdict("the file as it was written", "lines", [spoiled.altered]),
            verdict("every row in its canonical form", "rows", [spoiled.unreadable]),
        ],
    )


class Run:
    """One verification of one ledger."""

    def __init__(
        self, source: Source, records: Mapping[str, list[Message]], trust: Trust, *, still_playing: bool
    ) -> None:
        self._source = source
        self._records = records
        self._still_playing = still_playing
        self._names = source.names()
        self._totals = Totals(self._names)
        self._collector = Collector(self._names, records)
        self._keys = trust.keys
        self._found: list[dict[str, Findings]] = []
        self._agree: list[Findings] = []
        self.tails: list[Findings] = []
        self._kept = self._opened(trust.notes)

    def _opened(self, notes: Sequence[str]) -> dict[int, list[Checkpoint]]:
        found, refused = opened(notes, self._keys)
        self._agree.append(refused)
        return found

    def all_shards(self) -> None:
        """Check every shard."""
        for head in self._source.heads():
            self._shard(head)

    def _shard(self, head: Head) -> None:
        shard = self._source.shard(head)
        self._totals.begin(shard)
        self._collector.begin(shard)
        signed = Signed(head.shard, self._kept.pop(head.shard, []))
        entries = _told(self._source.transfers(head), self._totals, self._collector, signed)
        self._found.append(verify_shard(shard, entries, self._names, still_playing=self._still_playing))
        signed.finish(self._opened(self._source.notes()).get(head.shard, []))
        self._agree.append(signed.agree)
        self.tails.append(signed.tail)

    def report(self, began: float, first: Sequence[Check]) -> Report:
        """The verdicts of all checks."""
        checks = [*first, *join(self._found)]
        signed = [*self._agree, *self._strangers()]
        if any(part.looked_at or part.wrong for part in signed):
            checks.append(verdict(SIGNED, "checkpoints", signed))
        for name, record in self._records.items():
            equal = compare(record, self._collector.sources[name], still_playing=self._still_playing)
            checks.append(verdict(f"studio {name} equals our ledger to the cent", "bets and wins", [equal]))
        return Report(checks=tuple(checks), totals=self._totals.as_json(), seconds=time.monotonic() - began)

    def _strangers(self) -> Iterator[Findings]:
        """Kept checkpoints of shards that this ledger does not have."""
        for shard in self._kept:
            yield Findings(
                wrong=1, examples=[f"shard {shard}: somebody has signed it, and this ledger does not have it"]
            )


def _told(transfers: Iterable[Transfer], totals: Totals, collector: Collector, signed: Signed) -> Iterator[Transfer]:
    for transfer in transfers:
        totals.see(transfer)
        collector.see(transfer)
        signed.see(transfer)
        yield transfer


def _lines(checks: Iterable[Check]) -> Iterator[str]:
    for check in checks:
        yield check.line
        for problem in check.problems[1:]:
            yield f"        {problem}"
