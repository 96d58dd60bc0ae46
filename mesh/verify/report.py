"""The whole verification: read, check, report."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mesh.verify.findings import Check, Findings, verdict
from mesh.verify.ledger import join, verify_shard
from mesh.verify.reading import Ledger, read_records
from mesh.verify.studios import Collector, compare
from mesh.verify.tables import Names, Transfer
from mesh.verify.totals import Totals


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


def verify(url: str, studios: Mapping[str, Path] | None = None, *, still_playing: bool = False) -> Report:
    """Check the ledger at `url`, and each studio's record against it."""
    began = time.monotonic()
    # The records first: what the ledger learns later may be missing there, never the other way round.
    records = read_records(studios or {})
    with closing(Ledger(url)) as ledger:
        names = ledger.names()
        totals, collector = Totals(names), Collector(names, records)
        found = list(_shards(ledger, names, totals, collector, still_playing=still_playing))
    checks = join(found)
    for name, record in records.items():
        equal = compare(record, collector.sources[name], still_playing=still_playing)
        checks.append(verdict(f"studio {name} equals our ledger to the cent", "bets and wins", [equal]))
    return Report(checks=tuple(checks), totals=totals.as_json(), seconds=time.monotonic() - began)


def _shards(
    ledger: Ledger, names: Names, totals: Totals, collector: Collector, *, still_playing: bool
) -> Iterator[dict[str, Findings]]:
    for head in ledger.heads():
        shard = ledger.shard(head)
        totals.begin(shard)
        collector.begin(shard)
        entries = _told(ledger.transfers(head), totals, collector)
        yield verify_shard(shard, entries, names, still_playing=still_playing)


def _told(transfers: Iterable[Transfer], totals: Totals, collector: Collector) -> Iterator[Transfer]:
    for transfer in transfers:
        totals.see(transfer)
        collector.see(transfer)
        yield transfer


def _lines(checks: Iterable[Check]) -> Iterator[str]:
    for check in checks:
        yield f"{'ok   ' if check.ok else 'WRONG'} {check.name} ({check.detail})"
        for problem in check.problems[1:]:
            yield f"        {problem}"
