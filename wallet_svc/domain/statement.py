"""Statements: what the log says happened to a player's money, one line for each posting. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import AccountClass

ROWS_PER_LINE = 4
"""One posting moves each of cash, held, bonus and receivable once at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One posting, in smallest units of the statement's asset."""

    first: Entry
    """The row that tells what it is about."""
    position: int
    """Sequence of its last row."""
    balance: int
    """Available cash after it."""
    changes: Mapping[AccountClass, int] = field(default_factory=dict)
    """What each of the player's sub-balances gained or lost. One that is missing did not change."""

    @property
    def cash(self) -> int:
        return self.changes.get(AccountClass.CASH, 0)


def lines_of(entries: Iterable[Entry], classes: Mapping[int, AccountClass]) -> list[Line]:
    """Lines of rows of one player and asset that moved money, in the order of the log.

    `classes` names the player's accounts by id. Rows of one posting stand together: they are of one
    operation, of one kind, and about one transaction.
    """
    return [_line(list(rows), classes) for _, rows in groupby(entries, key=_posting)]


def _posting(entry: Entry) -> tuple[int, int, str | None]:
    return entry.operation, entry.kind.value, entry.reference


def _line(rows: Sequence[Entry], classes: Mapping[int, AccountClass]) -> Line:
    changes: dict[AccountClass, int] = {}
    for row in rows:
        for account, change in ((row.debit_id, -row.moved), (row.credit_id, row.moved)):
            if account is not None and account in classes:
                name = classes[account]
                changes[name] = changes.get(name, 0) + change
    return Line(first=rows[0], position=rows[-1].sequence, balance=rows[-1].available or 0, changes=changes)
