"""Answers: a refusal moves nothing, an acceptance moves what it says, and a key is answered once."""

from __future__ import annotations

from mesh.verify.findings import Findings
from mesh.verify.tables import OK, Class, Kind, Shard, Transfer

_SIDES = {
    Kind.BET: (Class.CASH, Class.GAMING),
    Kind.WIN: (Class.GAMING, Class.CASH),
    Kind.CANCEL: (Class.GAMING, Class.CASH),
    Kind.DEPOSIT: (Class.OUTSIDE, Class.CASH),
    Kind.HOLD: (Class.CASH, Class.HELD),
    Kind.CAPTURE: (Class.HELD, Class.OUTSIDE),
    Kind.RELEASE: (Class.HELD, Class.CASH),
    Kind.EXPIRE: (Class.HELD, Class.CASH),
}


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


class Movements:
    """What was accepted moved the amount that it says, between the accounts that its kind has."""

    def __init__(self, shard: Shard) -> None:
        self._accounts = shard.accounts
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """Look at one entry."""
        if transfer.outcome != OK or transfer.kind not in _SIDES:
            return
        self.findings.looked_at += 1
        if (transfer.moved or 0) != (transfer.amount or 0):
            self.findings.add(
                f"{transfer.shard}-{transfer.sequence}: it is about {transfer.amount} and moved {transfer.moved}"
            )
        if transfer.moved is not None and self._sides(transfer) != _SIDES[Kind(transfer.kind)]:
            self.findings.add(f"{transfer.shard}-{transfer.sequence}: its kind moves money between other accounts")

    def _sides(self, transfer: Transfer) -> tuple[int | None, int | None]:
        debit = self._accounts.get(transfer.debit_id or 0)
        credit = self._accounts.get(transfer.credit_id or 0)
        return (debit.account_class if debit else None, credit.account_class if credit else None)


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
