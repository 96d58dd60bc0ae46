"""Reservations from their entries: what was reserved, paid, given back, and what is still held."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from mesh.verify.findings import Findings
from mesh.verify.postings import is_leg
from mesh.verify.tables import OK, Class, Kind, Shard, Transfer

_ACTIVE, _CAPTURED = 1, 2
_ENDS = {Kind.RELEASE: 3, Kind.EXPIRE: 4}
_KINDS = frozenset({Kind.HOLD, Kind.CAPTURE, Kind.RELEASE, Kind.EXPIRE})
_Name = tuple[int, int, str]


@dataclass(slots=True)
class Reserved:
    """One reservation as its entries have it."""

    asset_id: int | None
    amount: int
    captured: int = 0
    released: int = 0
    end: int = 0

    @property
    def left(self) -> int:
        """What is still held."""
        return self.amount - self.captured - self.released

    @property
    def state(self) -> int:
        """The number that its table has."""
        return self.end or (_ACTIVE if self.left else _CAPTURED)


def name_of(transfer: Transfer) -> _Name | None:
    """The reservation that an accepted entry is about; None if it is about none."""
    # What a capture takes beyond its hold is a row of its own, and comes from cash.
    if transfer.outcome != OK or transfer.kind not in _KINDS or is_leg(transfer):
        return None
    key = transfer.key if transfer.kind == Kind.HOLD else transfer.reference
    return transfer.player_id, transfer.source_id, key or ""


def follow(hold: Reserved | None, transfer: Transfer) -> Reserved | None:
    """The reservation after an entry that is about it; None if the entry takes more than is reserved."""
    moved = transfer.moved or 0
    if transfer.kind == Kind.HOLD:
        return Reserved(asset_id=transfer.asset_id, amount=moved)
    if hold is None or hold.end or moved > hold.left or hold.asset_id != transfer.asset_id:
        return None
    if transfer.kind == Kind.CAPTURE:
        hold.captured += moved
    else:
        hold.released += moved
        hold.end = _ENDS[Kind(transfer.kind)]
    return hold


class Holds:
    """The table of reservations is what the log says, and held money is exactly what is still reserved."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._holds: dict[_Name, Reserved] = {}
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """Follow one accepted entry."""
        name = name_of(transfer)
        if name is None:
            return
        hold = follow(self._holds.get(name), transfer)
        if hold is None:
            self.findings.add(f"{transfer.shard}-{transfer.sequence}: it takes more than is reserved")
        else:
            self._holds[name] = hold

    def end(self) -> None:
        """Compare the table and the held balances."""
        self.findings.looked_at += len(self._holds)
        stored = {(row.player_id, row.source_id, row.key): row[3:] for row in self._shard.holds}
        for name, hold in self._holds.items():
            told = (hold.asset_id, hold.amount, hold.captured, hold.released, hold.state)
            if stored.pop(name, None) != told:
                self.findings.add(f"hold {name[2]} of player {name[0]}: the table does not say what the log says")
        for name in stored:
            self.findings.add(f"hold {name[2]} of player {name[0]}: it is in the table and not in the log")
        self._compare_balances()

    def _compare_balances(self) -> None:
        held: dict[tuple[int, int | None], int] = defaultdict(int)
        for (player_id, _, _), hold in self._holds.items():
            held[player_id, hold.asset_id] += 0 if hold.end else hold.left
        for account in self._shard.accounts.values():
            if account.account_class == Class.HELD and account.player_id is not None:
                reserved = held.pop((account.player_id, account.asset_id), 0)
                if account.credits - account.debits != reserved:
                    self.findings.add(f"account {account.id}: it holds other money than is reserved ({reserved})")
        for (player_id, _), reserved in held.items():
            if reserved:
                self.findings.add(f"player {player_id}: {reserved} are reserved and held nowhere")
