"""What an extract must say, from the ledger alone: every round of a market that was settled in a period, with its sums.

Written from docs/compliance/extracts.md, and shares no code with the service that makes extracts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import psycopg

from mesh.verify.tables import OK, Kind

_RESULTS: Final = frozenset({Kind.WIN, Kind.JACKPOT, Kind.FREE_ROUND_SPIN, Kind.FREE_ROUND_TOTAL})
_KINDS: Final = _RESULTS | {Kind.BET, Kind.CANCEL, Kind.CLOSE_ROUND, Kind.REVERSE_WIN, Kind.UNDO_ROLLBACK}
_ROWS: Final = (
    "SELECT entry.shard, entry.sequence, entry.player_id, source.name, entry.round, entry.kind, entry.key,"
    " entry.reference, entry.outcome, coalesce((entry.details::jsonb -> 'close')::boolean, false),"
    " coalesce(entry.amount, 0), entry.moved IS NOT NULL, coalesce(asset.code, ''), coalesce(asset.exponent, 0),"
    " coalesce(entry.pack, ''), entry.recorded_us"
    " FROM transfer AS entry JOIN licensee ON licensee.id = entry.licensee_id JOIN source ON source.id = entry.source_id"
    " LEFT JOIN asset ON asset.id = entry.asset_id"
    " WHERE entry.shard = %(shard)s AND entry.sequence <= %(until)s AND licensee.name = %(licensee)s"
    " AND entry.key IS NOT NULL AND entry.round IS NOT NULL ORDER BY entry.sequence"
)


class Row(NamedTuple):
    """An entry of the ledger that has a key and a round."""

    shard: int
    sequence: int
    player_id: int
    source: str
    round: str
    kind: int
    key: str
    reference: str | None
    outcome: int
    closes: bool
    amount_minor: int
    moved: bool
    currency: str
    exponent: int
    pack: str
    recorded_us: int

    @property
    def id(self) -> str:
        """As the log names it."""
        return f"{self.shard}-{self.sequence}"

    @property
    def amount(self) -> Decimal:
        """In main units."""
        return Decimal(self.amount_minor).scaleb(-self.exponent)


@dataclass(slots=True)
class Played:
    """A round, row by row."""

    provider: str
    live: dict[str, Row] = field(default_factory=dict)
    undone: dict[str, Row] = field(default_factory=dict)
    win: Decimal = Decimal(0)
    settled: Row | None = None
    amendments: int = 0
    currency: str = ""
    markets: set[str] = field(default_factory=set)
    postings: dict[str, Decimal] = field(default_factory=dict)

    @property
    def stake(self) -> Decimal:
        """What was staked and not undone."""
        return sum((each.amount for each in self.live.values()), Decimal(0))

    def follow(self, row: Row) -> None:
        """Take the next row."""
        self.currency = self.currency or row.currency
        if row.pack and self.settled is None:
            self.markets.add(row.pack.partition("@")[0])
        if row.moved:
            self.postings[row.id] = row.amount
        settles = self._apply(row) or row.closes
        if self.settled is not None:
            self.amendments += 1
        elif settles:
            self.settled = row

    def _apply(self, row: Row) -> bool:
        if row.kind == Kind.BET:
            self.live[row.key] = row
        elif row.kind == Kind.CANCEL and row.reference in self.live:
            self.undone[row.key] = self.live.pop(row.reference)
            return not self.live
        elif row.kind == Kind.UNDO_ROLLBACK and row.reference in self.undone:
            stake = self.undone.pop(row.reference)
            self.live[stake.key] = stake
        elif row.kind in _RESULTS and row.moved:
            self.win += row.amount
        elif row.kind == Kind.REVERSE_WIN and row.moved:
            self.win -= row.amount
        return row.kind in _RESULTS or row.kind == Kind.CLOSE_ROUND


def played(rows: Iterable[Row]) -> Iterator[Played]:
    """The settled rounds of some rows, which come in the order of their shard."""
    rounds: dict[object, Played] = {}
    for row in rows:
        if row.outcome == OK and row.kind in _KINDS:
            name = (row.shard, row.player_id, row.source, row.round)
            rounds.setdefault(name, Played(row.source)).follow(row)
    yield from (each for each in rounds.values() if each.settled is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that extract and ledger do not agree about, by class."""

    kind: str
    id: str
    extract: str
    ledger: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.id}: the extract has {self.extract or 'nothing'}, the ledger {self.ledger or 'nothing'}"


def rows_of(ledger_url: str, document: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of the licensee up to the positions that the document names."""
    with psycopg.connect(ledger_url, application_name="extract verifier") as connection:
        for each in document["ledger"]:
            values = {"shard": each["shard"], "until": each["sequence"], "licensee": document["licensee"]}
            yield from map(Row._make, connection.execute(_ROWS, values))


def expected(rows: Iterable[Row], document: Mapping[str, Any]) -> tuple[dict[str, Played], int]:
    """The rounds that the document must have by id, and how many of the period are of no market."""
    market = document["market"]
    first, last = (_microseconds(document["period"][name]) for name in ("from", "to"))
    found, nameless = {}, 0
    for each in played(rows):
        assert each.settled is not None
        if not first <= each.settled.recorded_us < last:
            continue
        if market in each.markets:
            found[each.settled.id] = each
        nameless += not each.markets
    return found, nameless


def compare(document: Mapping[str, Any], wanted: Mapping[str, Played], nameless: int) -> Iterator[Difference]:
    """Every difference."""
    told = {each["id"]: each for each in document["rounds"]}
    for name in sorted(wanted.keys() - told.keys()):
        yield Difference(kind="missing_in_extract", id=name, extract="", ledger=_sums(wanted[name]))
    for name, each in told.items():
        if name not in wanted:
            yield Difference(kind="missing_in_ledger", id=name, extract=_told(each), ledger="")
            continue
        yield from _compare_round(name, each, wanted[name])
    if len(told) != len(document["rounds"]):
        yield Difference(kind="told_twice", id="rounds", extract=str(len(document["rounds"])), ledger=str(len(told)))
    if document["unattributed_rounds"] != nameless:
        yield Difference(
            kind="count_differs",
            id="unattributed_rounds",
            extract=str(document["unattributed_rounds"]),
            ledger=str(nameless),
        )


def _compare_round(name: str, told: Mapping[str, Any], known: Played) -> Iterator[Difference]:
    here, there = _told(told), _sums(known)
    if here != there:
        yield Difference(kind="sum_differs", id=name, extract=here, ledger=there)
    if told["amendments"] != known.amendments:
        yield Difference(
            kind="amendments_differ", id=name, extract=str(told["amendments"]), ledger=str(known.amendments)
        )
    if "postings" in told:
        posted = {each["id"]: Decimal(each["amount"]) for each in told["postings"]}
        for each in sorted(posted.items() ^ known.postings.items()):
            yield Difference(
                kind="posting_differs",
                id=each[0],
                extract=str(posted.get(each[0], "")),
                ledger=str(known.postings.get(each[0], "")),
            )


def _told(told: Mapping[str, Any]) -> str:
    return _line(told["provider"], told["currency"], Decimal(told["stake"]), Decimal(told["win"]))


def _sums(known: Played) -> str:
    return _line(known.provider, known.currency, known.stake, known.win)


def _line(provider: str, currency: str, stake: Decimal, win: Decimal) -> str:
    return f"{provider} {currency} stake {stake.normalize():f} win {win.normalize():f}"


def _microseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1_000_000
