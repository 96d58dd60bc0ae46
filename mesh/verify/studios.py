"""A studio's own record against our ledger, message by message and sum by sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from mesh.verify.findings import Findings
from mesh.verify.tables import OK, Kind, Names, Shard, Transfer

_KINDS: Final[Mapping[str, int]] = {"bet": Kind.BET, "win": Kind.WIN}
_PENDING: Final = frozenset({"sent", "doubtful"})


class Message(NamedTuple):
    """One line of a studio's record."""

    kind: str
    key: str
    user: str
    """The player as the studio knows it, "<licensee>.<player>"."""
    currency_code: str
    round_id: str
    amount: Decimal | None
    belief: str


class Stored(NamedTuple):
    """What the ledger has under one key."""

    accepted: bool
    currency_code: str
    round_id: str
    amount: Decimal
    position: str


_Name = tuple[str, int, str]
"""User, kind and key."""


@dataclass(slots=True)
class Source:
    """Everything that the ledger has from one provider."""

    stored: dict[_Name, Stored] = field(default_factory=dict)
    undone: set[tuple[str, str]] = field(default_factory=set)
    """User and key of each stake that was given back."""


class Collector:
    """Picks the entries of the providers whose records are at hand."""

    def __init__(self, names: Names, wanted: Iterable[str]) -> None:
        self._names = names
        self.sources = {name: Source() for name in wanted}
        self._players: dict[int, str] = {}

    def begin(self, shard: Shard) -> None:
        """Learn the players of a shard."""
        self._players = {
            key: f"{self._names.licensee(one.licensee_id)}.{one.name}" for key, one in shard.players.items()
        }

    def see(self, transfer: Transfer) -> None:
        """Keep one entry."""
        source = self.sources.get(self._names.sources.get(transfer.source_id, ""))
        if source is None or transfer.key is None:
            return
        user = self._players.get(transfer.player_id, "")
        if transfer.kind in {Kind.BET, Kind.WIN}:
            source.stored[user, transfer.kind, transfer.key] = self._stored(transfer)
        elif transfer.kind == Kind.CANCEL and transfer.undoes is not None:
            source.undone.add((user, transfer.reference or ""))

    def _stored(self, transfer: Transfer) -> Stored:
        asset = self._names.assets.get(transfer.asset_id or 0)
        return Stored(
            accepted=transfer.outcome == OK,
            currency_code=asset.code if asset else "",
            round_id=transfer.round or "",
            amount=Decimal(transfer.moved or 0).scaleb(-asset.exponent) if asset else Decimal(0),
            position=f"{transfer.shard}-{transfer.sequence}",
        )


def compare(record: Iterable[Message], source: Source, *, still_playing: bool = False) -> Findings:
    """Every message as the studio believes it, everything that it does not know, and the sums.

    While it still plays, a message without an answer is no mistake, and sums are not compared.
    """
    findings = Findings()
    left = dict(source.stored)
    theirs: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for message in record:
        if still_playing and message.belief in _PENDING:
            continue
        if message.kind not in _KINDS:
            if problem := _without_end(message):
                findings.add(f"{_text(message)}: {problem}")
            continue
        findings.looked_at += 1
        stored = left.pop((message.user, _KINDS[message.kind], message.key), None)
        undone = (message.user, message.key) in source.undone
        if problem := _problem(message, stored, undone=undone and message.kind == "bet"):
            findings.add(f"{_text(message)}: {problem}")
        if message.belief == "accepted":
            theirs[message.user, message.currency_code, message.kind] += message.amount or 0
    if still_playing:
        return findings
    for (user, kind, key), stored in left.items():
        if stored.accepted and not (kind == Kind.BET and (user, key) in source.undone):
            findings.add(f"{stored.position}: the ledger has it and the studio does not know it")
    _compare_sums(theirs, source, findings)
    return findings


def _problem(message: Message, stored: Stored | None, *, undone: bool) -> str:
    """What is wrong with one message; empty if nothing is."""
    if problem := _without_end(message):
        return problem
    counts = stored is not None and stored.accepted and not undone
    if message.belief != "accepted":
        return (
            f"the studio believes {message.belief}, the ledger has it at {stored.position}" if counts and stored else ""
        )
    if not counts or stored is None:
        return "the studio believes accepted, the ledger does not have it"
    if (message.currency_code, message.amount) != (stored.currency_code, stored.amount):
        return (
            f"the studio says {message.amount} {message.currency_code}, "
            f"the ledger {stored.amount} {stored.currency_code} at {stored.position}"
        )
    if not _is_round(message.round_id, stored.round_id):
        return f"the studio says round {message.round_id}, the ledger {stored.round_id} at {stored.position}"
    return ""


def _is_round(theirs: str, ours: str) -> bool:
    """Whether both mean one round: where a game has several references of a player, ours is "<round>:<reference>"."""
    return ours == theirs or ours.startswith(f"{theirs}:")


def _without_end(message: Message) -> str:
    if message.belief in _PENDING or message.belief == "disputed":
        return f"the studio has no end for it ({message.belief})"
    return ""


def _compare_sums(theirs: Mapping[tuple[str, str, str], Decimal], source: Source, findings: Findings) -> None:
    ours: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for (user, kind, key), stored in source.stored.items():
        if stored.accepted and not (kind == Kind.BET and (user, key) in source.undone):
            ours[user, stored.currency_code, "bet" if kind == Kind.BET else "win"] += stored.amount
    for name in sorted({*ours, *theirs}):
        ours_is, theirs_is = ours.get(name, Decimal(0)), theirs.get(name, Decimal(0))
        if ours_is != theirs_is:
            findings.add(f"{' '.join(name)}: the studio's sum is {theirs_is}, the ledger's {ours_is}")


def _text(message: Message) -> str:
    return f"{message.kind} {message.key} of {message.user}"
