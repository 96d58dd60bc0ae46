"""Answers: a refusal moves nothing, an acceptance moves what it says, and a key is answered once."""

from __future__ import annotations

from mesh.verify.findings import Findings
from mesh.verify.postings import Gatherer, Posting, is_leg
from mesh.verify.tables import OK, Class, Kind, Shard, Transfer

_OWN = (Class.CASH, Class.BONUS)
_CASH = (Class.CASH,)
_GAMING = (Class.GAMING,)
_PROMOTIONS = (Class.PROMOTIONS,)
_SIDES: dict[Kind, tuple[tuple[Class, ...], tuple[Class, ...]]] = {
    Kind.BET: (_OWN, _GAMING),
    Kind.WIN: (_GAMING, _OWN),
    Kind.CANCEL: ((Class.GAMING, Class.TIPS), _OWN),
    Kind.DEPOSIT: ((Class.OUTSIDE,), _CASH),
    Kind.TRANSFER_IN: ((Class.OUTSIDE,), _CASH),
    Kind.TRANSFER_OUT: (_CASH, (Class.OUTSIDE,)),
    Kind.HOLD: (_CASH, (Class.HELD,)),
    Kind.CAPTURE: ((Class.HELD, Class.CASH), (Class.OUTSIDE,)),
    Kind.RELEASE: ((Class.HELD,), _CASH),
    Kind.EXPIRE: ((Class.HELD,), _CASH),
    Kind.TIP: (_CASH, (Class.TIPS,)),
    Kind.REVERSE_WIN: ((*_OWN, Class.RECEIVABLE), _GAMING),
    Kind.UNDO_ROLLBACK: (_OWN, (Class.GAMING, Class.TIPS)),
    Kind.PROMO: (_PROMOTIONS, _OWN),
    Kind.TOURNAMENT: (_PROMOTIONS, _OWN),
    Kind.JACKPOT: ((Class.JACKPOTS,), _OWN),
    Kind.FREE_ROUND_SPIN: (_PROMOTIONS, _OWN),
    Kind.FREE_ROUND_TOTAL: (_PROMOTIONS, _OWN),
    Kind.CONCLUDE: ((Class.OUTSIDE,), _CASH),
    Kind.DELIVER: (_CASH, (Class.OUTSIDE,)),
    Kind.ADJUST: ((Class.GAMING, Class.CASH), (Class.CASH, Class.GAMING)),
}
"""Between which accounts each kind moves money."""
_FREE_ROUNDS = frozenset({Kind.FREE_ROUND_SPIN, Kind.FREE_ROUND_TOTAL})
_UNDOING = frozenset({Kind.CANCEL, Kind.REVERSE_WIN, Kind.UNDO_ROLLBACK})


class Refusals:
    """What was refused, or was never about money, moved nothing."""

    def __init__(self) -> None:
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """Look at one entry."""
        if transfer.outcome == OK and transfer.kind in _SIDES:
            return
        self.findings.looked_at += 1
        moved = (transfer.moved, transfer.debit_id, transfer.credit_id, transfer.undoes)
        if moved != (None, None, None, None):
            self.findings.add(f"{transfer.shard}-{transfer.sequence}: it was refused and moved {transfer.moved}")


class Movements(Gatherer):
    """What was accepted moved the amount that it says, between the accounts that its kind has."""

    def __init__(self, shard: Shard) -> None:
        super().__init__()
        self._accounts = shard.accounts
        self.findings = Findings()

    def posting(self, posting: Posting) -> None:
        """Look at one posting."""
        first = posting.first
        if is_leg(first):
            self.findings.add(f"{posting.place}: it is a part of a posting that is not there")
        if not posting.accepted or first.kind not in _SIDES:
            return
        self.findings.looked_at += 1
        if posting.moved not in _amounts(posting):
            self.findings.add(f"{posting.place}: it is about {first.amount} and moved {posting.moved}")
        if any(row.moved and not self._may_move(row) for row in posting.rows):
            self.findings.add(f"{posting.place}: its kind moves money between other accounts")
        if self._bonus(posting) != posting.details.get("bonus", 0):
            self.findings.add(f"{posting.place}: it says another part of bonus than it moved")

    def _may_move(self, row: Transfer) -> bool:
        debit, credit = self._class(row.debit_id), self._class(row.credit_id)
        debits, credits_ = _SIDES[Kind(row.kind)]
        return debit in debits and credit in credits_ and debit != credit

    def _class(self, account_id: int | None) -> int | None:
        account = self._accounts.get(account_id or 0)
        return account.account_class if account else None

    def _bonus(self, posting: Posting) -> int:
        return sum(
            row.moved or 0
            for row in posting.rows
            if Class.BONUS in (self._class(row.debit_id), self._class(row.credit_id))
        )


def _amounts(posting: Posting) -> tuple[int, ...]:
    """What a posting may have moved: its amount, or nothing where it is only a record."""
    amount = abs(posting.first.amount or 0)
    if posting.first.kind in _FREE_ROUNDS:
        return amount, 0
    if posting.first.kind in _UNDOING and posting.first.undoes is None:
        return amount, 0
    return (amount,)


class FreeRounds(Gatherer):
    """A grant is paid by its spins or by its total, never by both."""

    def __init__(self) -> None:
        super().__init__()
        self._paid: dict[tuple[int, int, str], int] = {}
        self.findings = Findings()

    def posting(self, posting: Posting) -> None:
        """Look at one posting."""
        first = posting.first
        if not posting.accepted or first.kind not in _FREE_ROUNDS or not posting.moved:
            return
        self.findings.looked_at += 1
        name = (first.player_id, first.source_id, str(posting.details.get("grant")))
        if self._paid.setdefault(name, first.kind) != first.kind:
            self.findings.add(f"{posting.place}: the grant {name[2]} was paid by its spins and by its total")


class Keys:
    """One key, one answer."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, int, int, int, str]] = set()
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """Look at one entry."""
        if transfer.key is None:
            return
        self.findings.looked_at += 1
        name = (transfer.licensee_id, transfer.player_id, transfer.source_id, transfer.kind, transfer.key)
        if name in self._seen:
            self.findings.add(f"{transfer.shard}-{transfer.sequence}: the key {transfer.key} was answered before")
        self._seen.add(name)
