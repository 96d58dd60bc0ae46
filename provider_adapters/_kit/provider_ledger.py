"""The provider's own record of what it sent, for comparing it with the ledger.

Inferred: no sheet says in which words its vendor tells this. All studios here serve one form of it, page by page, in
the order in which the messages were first sent; a vendor that knows nothing of it refuses, and is not compared.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode

from provider_adapters._kit.asking import Question, ask
from provider_adapters._kit.errors import ProviderRefusedError
from provider_adapters._kit.http import HttpReply
from provider_adapters._kit.ports import Outbound
from provider_adapters._kit.references import PlayerReference
from provider_adapters._kit.strict_json import parse_list
from provider_adapters._kit.typed_json import FieldInvalidError

PATH: Final = "/record/messages"
GRANTS_PATH: Final = "/record/grants"
GRANT: Final = "grant"
"""Free rounds that were given. Their amount is what all of them are worth; `cancelled` means taken back."""
PAGE: Final = 1000
KINDS: Final = frozenset({"bet", "win", "cancel", "close"})
"""What is told. Other messages have no counterpart of one key in the ledger, or move no money."""
BELIEFS: Final[Mapping[str, str]] = {
    "sent": "pending",
    "accepted": "accepted",
    "refused": "refused",
    "doubtful": "pending",
    "cancelled": "cancelled",
    "disputed": "disputed",
}
"""The simulator's words, and ours."""
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMessage:
    """One message as the provider has it."""

    number: int
    """Its place in the record."""
    kind: str
    transaction_key: str
    player: PlayerReference
    currency_code: str
    amount: Decimal | None
    round_id: str
    bet_key: str
    closes: bool
    belief: str
    code: str
    noted_at_ms: int
    """When it was first sent, by the provider's clock."""


class ProviderLedger:
    """Reads the record of one provider."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def messages(self, start_ms: int, end_ms: int) -> AsyncIterator[Sequence[RecordedMessage]]:
        """Pages of what was first sent from one moment on and before another one. Raises the kit's provider errors."""
        async for page in self._pages(PATH, start_ms, end_ms):
            yield page

    async def grants(self, start_ms: int, end_ms: int) -> AsyncIterator[Sequence[RecordedMessage]]:
        """Pages of the free rounds that were given in the span, as they are now."""
        async for page in self._pages(GRANTS_PATH, start_ms, end_ms):
            yield page

    async def _pages(self, path: str, start_ms: int, end_ms: int) -> AsyncIterator[Sequence[RecordedMessage]]:
        after = 0
        while True:
            query = urlencode({"start_ms": start_ms, "end_ms": end_ms, "after": after, "limit": PAGE})
            question = Question(operation="record", method="GET", path=path, query=query)
            page = await ask(self._outbound, question, read_page)
            if page:
                yield page
            if len(page) < PAGE:
                return
            if page[-1].number <= after:
                raise ProviderRefusedError(operation="record")
            after = page[-1].number


def read_page(reply: HttpReply) -> list[RecordedMessage]:
    """A page of the record."""
    if reply.status != _OK:
        raise ProviderRefusedError(code=f"http_{reply.status}")
    return [_message(row) for row in parse_list(reply.body)]


def _message(row: Mapping[str, Any]) -> RecordedMessage:
    player = PlayerReference.parse(_text(row, "user"))
    kind = _text(row, "kind")
    if player is None or kind not in {*KINDS, GRANT}:
        raise FieldInvalidError("user" if player is None else "kind")
    return RecordedMessage(
        number=_number(row, "number"),
        kind=kind,
        transaction_key=_text(row, "transaction_key"),
        player=player,
        currency_code=_text(row, "currency_code"),
        amount=_amount(row["amount"]),
        round_id=_text(row, "round_id"),
        bet_key=_text(row, "bet_key"),
        closes=row["closes"] is True,
        belief=BELIEFS[_text(row, "belief")],
        code=_text(row, "code"),
        noted_at_ms=_number(row, "noted_at_ms"),
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise FieldInvalidError(name)
    return value


def _number(row: Mapping[str, Any], name: str) -> int:
    value = row[name]
    if type(value) is not int or value < 0:
        raise FieldInvalidError(name)
    return value


def _amount(value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        amount = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise FieldInvalidError("amount")
    return amount
