"""What the studio believes in the end, against the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from provider_adapters._kit.studio.ports import ActKind, Habits
from provider_adapters._kit.studio.record import Belief, Line, Record
from tests.provider_fuzz.books import Books

_PAID_FOR = {ActKind.BET: "bet", ActKind.WIN: "win"}


def contradictions(record: Record, habits: Habits, books: Books, cents: int) -> Iterator[str]:
    """Each message of which the studio believes something else than the ledger has, and its sums; `cents`: at first."""
    lines = record.lines(after=0, limit=1_000)
    for line in lines:
        if line.act.kind in _PAID_FOR and (wrong := _wrong(line, habits, _is_live(line, books))):
            yield f"{line.act.kind} {line.act.transaction_key} is believed {line.belief} ({line.code}), and {wrong}"
    if not record.unresolved() and not record.disputed():
        expected = cents + sum(_cents(line) for line in lines if line.belief is Belief.ACCEPTED)
        if expected != books.cents:
            yield f"the studio's sums leave {expected} cents, the ledger has {books.cents}"


def _is_live(line: Line, books: Books) -> bool:
    return (_PAID_FOR[line.act.kind], line.act.transaction_key) in books.live


def _wrong(line: Line, habits: Habits, is_live: bool) -> str:
    match line.belief:
        case Belief.ACCEPTED:
            return "" if is_live else "the ledger has it not, or undone"
        case Belief.REFUSED | Belief.CANCELLED:
            return "the ledger has it" if is_live else ""
        case Belief.SENT | Belief.DOUBTFUL if not habits.refusals_look_alike:
            return "the ledger has it, and never said so" if is_live else ""
    return ""


def _cents(line: Line) -> int:
    amount = int((line.act.amount or Decimal(0)) * 100)
    return {ActKind.BET: -amount, ActKind.WIN: amount}.get(line.act.kind, 0)
