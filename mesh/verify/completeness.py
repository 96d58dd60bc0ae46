"""The audit log against the ledger: postings, decisions and round records are the same ones, none missing, none too many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from mesh.verify.audit_rows import AuditDatabase
from mesh.verify.findings import Check, Findings, verdict
from mesh.verify.round_records import Row, compare, expected

_LEDGER: Final = (
    "SELECT sequence, decision IS NOT NULL, key IS NOT NULL AND round IS NOT NULL,"
    " kind = 1 AND key IS NOT NULL AND moved IS NOT NULL,"
    " player_id, source_id, round, kind, key, reference, outcome,"
    " coalesce((details::jsonb -> 'close')::boolean, false)"
    " FROM transfer WHERE shard = %(shard)s AND sequence <= %(until)s ORDER BY sequence"
)
_HEADS: Final = "SELECT id, next_sequence - 1 FROM shard ORDER BY id"


def check_completeness(database: AuditDatabase, ledger_url: str, *, still_growing: bool) -> list[Check]:
    """Three checks. With `still_growing` the log may be behind; what it has read must still be whole."""
    decisions, rounds, stakes, lag, records = Findings(), Findings(), Findings(), Findings(), Findings()
    logged, told = _logged(database), _Told(database)
    reached = {source: position for source, _, position in database.progress()}
    with psycopg.connect(ledger_url, application_name="audit completeness") as ledger:
        for shard, head in ledger.execute(_HEADS).fetchall():
            source = f"ledger/{shard}"
            until = reached.get(source, 0)
            lag.looked_at += 1
            if until < head and not still_growing:
                lag.add(f"shard {shard}: the log has read {until} of {head} entries")
            if until > head:
                lag.add(f"shard {shard}: the log has {until} entries, and the ledger only {head}")
            rows = ledger.execute(_LEDGER, {"shard": shard, "until": until}).fetchall()
            _compare(decisions, shard, "decision", {row[0] for row in rows if row[1]}, logged.get(source, {}))
            _compare(rounds, shard, "round", {row[0] for row in rows if row[2]}, logged.get(source, {}))
            for sequence in (row[0] for row in rows if row[3] and not (row[1] and row[2])):
                stakes.add(f"{shard}-{sequence}: a stake was posted without a decision or a round")
            stakes.looked_at += sum(row[3] for row in rows)
            _check_records(shard, [row for row in rows if row[2]], told, records, still_growing=still_growing)
    return [
        verdict("the log has read the ledger to its end", "shards", [lag]),
        verdict("every decision of the ledger is one record of the log", "decisions", [decisions]),
        verdict("every event of a round is one record of the log", "events", [rounds]),
        verdict("every posted stake has its decision and its round", "stakes", [stakes]),
        verdict("every settled round has one record, and each later event one amendment", "records", [records]),
    ]


class _Told:
    """How far the records of rounds are, and which there are."""

    def __init__(self, database: AuditDatabase) -> None:
        self._reached = {source: position for source, _, position in database.progress()}
        self._events = database.round_events()
        self._records: dict[tuple[str, str], set[int]] = {}
        for source, name, sequence in _parted(database.keys_of_rounds()):
            self._records.setdefault((source, name), set()).add(sequence)

    def until(self, shard: int) -> set[int]:
        """Events of rounds that records were made of."""
        reached = self._reached.get(f"rounds/{shard}", 0)
        keys = [(source, key) for source, key, index in self._events if source == f"ledger/{shard}" and index < reached]
        return {sequence for _, name, sequence in _parted(keys) if name == "round"}

    def records(self, shard: int, name: str) -> set[int]:
        """Positions of records, or of amendments."""
        return self._records.get((f"rounds/{shard}", name), set())


def _check_records(shard: int, rows: list[TupleRow], told: _Told, findings: Findings, *, still_growing: bool) -> None:
    reached = told.until(shard)
    missing = [row[0] for row in rows if row[0] not in reached]
    if missing and not still_growing:
        findings.add(f"{shard}-{missing[0]}: no record was made of what happened from here on")
    seen = [Row(row[0], *row[4:]) for row in rows if row[0] in reached]
    compare(shard, expected(seen), told.records(shard, "record"), told.records(shard, "amended"), findings)


def _compare(findings: Findings, shard: int, name: str, ledger: set[int], logged: dict[str, set[int]]) -> None:
    records = logged.get(name, set())
    findings.looked_at += len(ledger | records)
    for sequence in sorted(ledger - records):
        findings.add(f"{shard}-{sequence}: the ledger has a {name}, and the log has no record of it")
    for sequence in sorted(records - ledger):
        findings.add(f"{shard}-{sequence}: the log has a {name} that the ledger does not have")


def _logged(database: AuditDatabase) -> dict[str, dict[str, set[int]]]:
    """Sequences by source and name, from the keys of the entries."""
    found: dict[str, dict[str, set[int]]] = {}
    for source, name, sequence in _keys(database):
        found.setdefault(source, {}).setdefault(name, set()).add(sequence)
    return found


def _keys(database: AuditDatabase) -> Iterator[tuple[str, str, int]]:
    return _parted(database.keys_of_ledger())


def _parted(keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, int]]:
    for source, key in keys:
        name, _, sequence = key.partition("-")
        if sequence.isdecimal():
            yield source, name, int(sequence)
