"""A licensee's own record of its payments: what it was told for each, written down as it was told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pitboss_demo.checks import Step
from pitboss_demo.patient import PatientClient
from pitboss_sdk import (
    AsyncClient,
    ComparedLine,
    ComparisonSummary,
    Difference,
    Money,
    Outcome,
    Receipt,
    TransactionKind,
    TransactionState,
)

SOURCE: Final = "cashier"
KINDS: Final = (TransactionKind.DEPOSIT, TransactionKind.CAPTURE)


@dataclass(slots=True)
class CashBook:
    """Payments that were acknowledged, each once."""

    since: datetime = field(default_factory=lambda: datetime.now(tz=UTC))
    _paid: dict[tuple[TransactionKind, str, str], Money] = field(default_factory=dict)
    _reserved: dict[tuple[str, str], Money] = field(default_factory=dict)

    def pay(self, kind: TransactionKind, player_id: str, amount: Money, receipt: Receipt) -> None:
        """Write down a payment. A repeated receipt is the same payment."""
        if receipt.outcome is Outcome.OK:
            self._paid[kind, receipt.transaction_key, player_id] = amount

    def reserve(self, player_id: str, amount: Money, receipt: Receipt) -> None:
        """Remember what a withdrawal may take."""
        self._reserved[player_id, receipt.transaction_key] = amount

    def reserved(self, player_id: str, withdrawal_key: str) -> Money:
        """What a withdrawal may take."""
        return self._reserved[player_id, withdrawal_key]

    def lines(self) -> list[ComparedLine]:
        """As a file to compare, in the order in which files are compared."""
        ordered = sorted(self._paid.items(), key=lambda paid: (paid[0][0].value, paid[0][1].encode()))
        return [
            ComparedLine(kind=kind, transaction_key=key, player_id=player, amount=amount,
                         state=TransactionState.APPLIED)
            for (kind, key, player), amount in ordered
        ]  # fmt: skip


class BookkeepingClient(PatientClient):
    """The SDK's client of a licensee that writes down what it pays and is paid."""

    def __init__(self, *given: Any, book: CashBook, **more: Any) -> None:  # noqa: ANN401 - as the client takes them
        super().__init__(*given, **more)
        self._book = book

    async def deposit(self, player_id: str, amount: Money, **more: Any) -> Receipt:  # noqa: ANN401 - handed on
        """See `AsyncClient`."""
        receipt = await super().deposit(player_id, amount, **more)
        self._book.pay(TransactionKind.DEPOSIT, player_id, amount, receipt)
        return receipt

    async def request_withdrawal(self, player_id: str, amount: Money, **more: Any) -> Receipt:  # noqa: ANN401 - handed on
        """See `AsyncClient`."""
        receipt = await super().request_withdrawal(player_id, amount, **more)
        self._book.reserve(player_id, amount, receipt)
        return receipt

    async def capture_withdrawal(
        self,
        player_id: str,
        withdrawal_key: str,
        amount: Money | None = None,
        **more: Any,  # noqa: ANN401 - handed on
    ) -> Receipt:
        """See `AsyncClient`."""
        receipt = await super().capture_withdrawal(player_id, withdrawal_key, amount, **more)
        taken = amount or self._book.reserved(player_id, withdrawal_key)
        self._book.pay(TransactionKind.CAPTURE, player_id, taken, receipt)
        return receipt


async def compare(client: AsyncClient, book: CashBook, *, licensee: str, currency_code: str) -> Step:
    """The record beside the ledger, line by line and in both directions."""
    lines = book.lines()
    found = [
        each
        async for each in client.list_differences(
            lines, source=SOURCE, currency_code=currency_code, since=book.since, until=datetime.now(tz=UTC), kinds=KINDS
        )
    ]
    return judge(licensee, lines, found)


def judge(licensee: str, lines: list[ComparedLine], found: Iterable[Difference | ComparisonSummary]) -> Step:
    """It agrees if the comparison came to its end, and every line agrees, and the ledger has no other."""
    differences = [each for each in found if isinstance(each, Difference)]
    summary = next((each for each in found if isinstance(each, ComparisonSummary)), None)
    if differences:
        first = differences[0]
        line = first.there or first.here
        key = line.transaction_key if line else first.transaction_id
        return Step(what=f"{licensee}: {len(differences)} differences, first {first.kind.name} {key}", ok=False)
    # The ledger also has what it refused.
    whole = summary is not None and summary.agreeing == summary.lines == len(lines)
    return Step(what=f"{licensee}: {len(lines)} payments", ok=whole and bool(lines))
