"""Rows put together again: one posting is the first row of an operation and the rows that only move its other parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mesh.verify.details import details_of
from mesh.verify.tables import OK, Transfer


@dataclass(frozen=True, slots=True)
class Posting:
    """All rows of one posting, in ledger order."""

    rows: tuple[Transfer, ...]

    @property
    def first(self) -> Transfer:
        """The row that says what it is about."""
        return self.rows[0]

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.first.shard}-{self.first.sequence}"

    @property
    def accepted(self) -> bool:
        """Whether it was."""
        return self.first.outcome == OK

    @property
    def moved(self) -> int:
        """What all its rows moved together."""
        return sum(row.moved or 0 for row in self.rows)

    @property
    def details(self) -> dict[str, Any]:
        """What stands beside the columns."""
        return details_of(self.first.details)

    def moves(self) -> frozenset[tuple[int | None, int | None, int | None]]:
        """From where, to where, how much."""
        return frozenset((row.debit_id, row.credit_id, row.moved) for row in self.rows if row.moved)

    def moves_back(self) -> frozenset[tuple[int | None, int | None, int | None]]:
        """The same the other way round."""
        return frozenset((row.credit_id, row.debit_id, row.moved) for row in self.rows if row.moved)


def is_leg(transfer: Transfer) -> bool:
    """Whether a row only moves a further part of the posting before it."""
    return transfer.key is None and transfer.operation != transfer.sequence


class Gatherer:
    """Hands over each posting when all its rows were seen."""

    def __init__(self) -> None:
        self._rows: list[Transfer] = []

    def see(self, transfer: Transfer) -> None:
        """Take one row."""
        if is_leg(transfer) and self._rows and self._rows[0].operation == transfer.operation:
            self._rows.append(transfer)
            return
        self.end()
        self._rows = [transfer]

    def end(self) -> None:
        """There are no more rows."""
        if self._rows:
            self.posting(Posting(tuple(self._rows)))
        self._rows = []

    def posting(self, posting: Posting) -> None:
        """Look at one posting."""
        raise NotImplementedError
