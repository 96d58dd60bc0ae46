"""Rounds from their entries: what was staked, undone, paid and closed."""

from __future__ import annotations

from dataclasses import dataclass, field

from mesh.verify.details import details_of
from mesh.verify.findings import Findings
from mesh.verify.postings import Gatherer, Posting
from mesh.verify.tables import OK, Kind, Shard, Transfer

_OPEN, _CLOSED = 1, 2
_Name = tuple[int, int, str]


@dataclass(slots=True)
class _Round:
    asset_id: int | None
    opened: int
    live: dict[str, int] = field(default_factory=dict)
    """Key of each stake that was not undone, and its position."""
    won: int = 0
    """Position of the last win; it may be one of nothing."""
    closed: bool = False

    def is_in_the_middle(self, *, is_to_be_closed: bool) -> bool:
        """It has stakes that nothing has decided."""
        if self.closed or not self.live:
            return False
        return is_to_be_closed or self.won < max(self.live.values())


class Rounds:
    """The table of rounds is what the log says, and none has stakes that nobody settles."""

    def __init__(self, shard: Shard, *, still_playing: bool = False) -> None:
        self._shard = shard
        self._still_playing = still_playing
        self._rounds: dict[_Name, _Round] = {}
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """Follow one accepted entry."""
        if transfer.outcome != OK or transfer.round is None:
            return
        name = (transfer.player_id, transfer.source_id, transfer.round)
        if transfer.kind == Kind.BET and name not in self._rounds:
            self._rounds[name] = _Round(asset_id=transfer.asset_id, opened=transfer.sequence)
        found = self._rounds.get(name)
        if found is not None:
            _follow(found, transfer)

    def end(self) -> None:
        """Compare the table, and look for stakes without an end."""
        # Some providers close none of their rounds: there the win is the end, and every round has one.
        closing = {source for (_, source, _), found in self._rounds.items() if found.closed}
        stored = {(row.player_id, row.source_id, row.name): row for row in self._shard.rounds}
        self.findings.looked_at += len(self._rounds)
        for name, found in self._rounds.items():
            row = stored.pop(name, None)
            told = row and (row.asset_id, row.opened_sequence, row.state)
            if told != (found.asset_id, found.opened, _CLOSED if found.closed else _OPEN):
                self.findings.add(f"round {_text(name)}: the table does not say what the log says")
            if not self._still_playing and found.is_in_the_middle(is_to_be_closed=name[1] in closing):
                self.findings.add(f"round {_text(name)}: left in the middle with {len(found.live)} live stakes")
        for name in stored:
            self.findings.add(f"round {_text(name)}: it is in the table and not in the log")


class Results:
    """Every win that was paid belongs to a stake that was taken and not undone, or was marked for people to look at."""

    def __init__(self) -> None:
        self._rounds: dict[_Name, _Round] = {}
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """Follow one accepted entry."""
        if transfer.outcome != OK or transfer.round is None:
            return
        name = (transfer.player_id, transfer.source_id, transfer.round)
        if transfer.kind == Kind.WIN:
            self._look_at(transfer, self._rounds.get(name))
        elif transfer.kind in {Kind.BET, Kind.CANCEL, Kind.UNDO_ROLLBACK}:
            _follow(self._rounds.setdefault(name, _Round(asset_id=None, opened=0)), transfer)

    def _look_at(self, win: Transfer, found: _Round | None) -> None:
        self.findings.looked_at += 1
        live = found.live if found else {}
        belongs = win.reference in live if win.reference else bool(live)
        if not belongs and win.opened_case is None:
            self.findings.add(f"{win.shard}-{win.sequence}: a win was paid that belongs to no live stake")


class Cancels(Gatherer):
    """What undoes something does it wholly, the other way round, once, and for the player who it was for."""

    def __init__(self) -> None:
        super().__init__()
        self._booked: dict[int, Posting] = {}
        self._undone: set[int] = set()
        self.findings = Findings()

    def posting(self, posting: Posting) -> None:
        """Follow one posting."""
        first = posting.first
        if posting.accepted and first.kind in _UNDOABLE:
            self._booked[first.sequence] = posting
        if first.undoes is None:
            if first.kind in _UNDOES and posting.moved:
                self.findings.add(f"{posting.place}: it moved money back and undoes nothing")
            return
        self.findings.looked_at += 1
        if first.undoes in self._undone:
            self.findings.add(f"{posting.place}: the stake was undone before")
        self._undone.add(first.undoes)
        booked = self._booked.get(first.undoes)
        if booked is None or booked is posting or not _is_undone_by(booked, posting):
            self.findings.add(f"{posting.place}: it does not undo what was staked")


_UNDOES = {
    Kind.CANCEL: frozenset({Kind.BET, Kind.TIP, Kind.UNDO_ROLLBACK}),
    Kind.REVERSE_WIN: frozenset({Kind.WIN}),
    Kind.UNDO_ROLLBACK: frozenset({Kind.CANCEL}),
}
_UNDOABLE = frozenset().union(*_UNDOES.values())


def _is_undone_by(booked: Posting, undoing: Posting) -> bool:
    first, then = booked.first, undoing.first
    same = (first.player_id, first.source_id, first.asset_id) == (then.player_id, then.source_id, then.asset_id)
    if not same or first.kind not in _UNDOES.get(Kind(then.kind), frozenset()) or _name(booked) != _name(undoing):
        return False
    if then.kind == Kind.REVERSE_WIN and undoing.details.get("owed"):
        # What was not there any more is owed instead.
        return booked.moved == undoing.moved
    return booked.moves_back() == undoing.moves()


def _name(posting: Posting) -> object:
    """The key of the stake or win that a posting is about."""
    first = posting.first
    if first.kind == Kind.UNDO_ROLLBACK:
        return posting.details.get("stake")
    return first.reference if first.kind in _UNDOES else first.key


_CLOSING = frozenset({Kind.BET, Kind.WIN, Kind.CLOSE_ROUND})


def _follow(found: _Round, transfer: Transfer) -> None:
    details = details_of(transfer.details)
    if transfer.kind == Kind.BET and transfer.key is not None:
        found.live[transfer.key] = transfer.sequence
    elif transfer.kind == Kind.CANCEL and transfer.reference is not None and transfer.undoes is not None:
        found.live.pop(transfer.reference, None)
    elif transfer.kind == Kind.UNDO_ROLLBACK and transfer.undoes is not None and "stake" in details:
        found.live[details["stake"]] = transfer.sequence
    elif transfer.kind == Kind.WIN:
        found.won = transfer.sequence
    if details.get("close") and transfer.kind in _CLOSING:
        found.closed = True


def _text(name: _Name) -> str:
    return f"{name[2]} of player {name[0]} at source {name[1]}"
