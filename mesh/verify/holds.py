"""Reservations from their entries: what was reserved, paid, given back, and what is still held."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from mesh.verify.findings import Findings
from mesh.verify.tables import OK, Class, Kind, Shard, Transfer

_ACTIVE, _CAPTURED = 1, 2
_ENDS = {Kind.RELEASE: 3, Kind.EXPIRE: 4}
_Name = tuple[int, int, str]


@dataclass(slots=True)
class _Hold:
    asset_id: int | None
    amount: int
    captured: int = 0
    released: int = 0
    end: int = 0

    @property
    def left(self) -> int:
        return self.amount - self.captured - self.released

    @property
    def state(self) -> int:
        return self.end or (_ACTIVE if self.left else _CAPTURED)


class Holds:
    """The table of reservations is what the log says, and held money is exactly what is still reserved."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._holds: dict[_Name, _Hold] = {}
        self.findings = Findings()

    def see(self, transfer: Transfer) -> None:
        """Follow one accepted entry."""
        if transfer.outcome != OK:
            return
        if transfer.kind == Kind.HOLD:
            name = (transfer.player_id, transfer.source_id, transfer.key or "")
            self._holds[name] = _Hold(asset_id=transfer.asset_id, amount=transfer.moved or 0)
        elif transfer.kind in {Kind.CAPTURE, Kind.RELEASE, Kind.EXPIRE}:
            self._take(transfer)

    def _take(self, transfer: Transfer) -> None:
        hold = self._holds.get((transfer.player_id, transfer.source_id, transfer.reference or ""))
        moved = transfer.moved or 0
        if hold is None or hold.end or moved > hold.left or hold.asset_id != transfer.asset_id:
            self.findings.add(f"{transfer.shard}-{transfer.sequence}: it takes more than is reserved")
            return
        if transfer.kind == Kind.CAPTURE:
            hold.captured += moved
        else:
            hold.released += moved
            hold.end = _ENDS[Kind(transfer.kind)]

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
