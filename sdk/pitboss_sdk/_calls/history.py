"""Calls about what happened to money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from pitboss_sdk import _reading as reading
from pitboss_sdk._conversation import Plain, Send
from pitboss_sdk._keys import new_key
from pitboss_sdk._stubs.pitboss.wallet.v1 import history_service_pb2 as pb
from pitboss_sdk.values import Balances, ComparedLine, DayStatement, Explanation, Statement
from pitboss_sdk.vocabulary import TransactionKind


def statement(player_id: str, currency_code: str, after_cursor: str, page_size: int) -> Plain[Statement]:
    """A page of a player's statement."""
    request = pb.ListStatementLinesRequest(
        player_id=player_id, currency_code=currency_code, after_cursor=after_cursor, page_size=page_size
    )
    return Plain(
        first=Send(method=lambda stubs: stubs.history.ListStatementLines, request=request), read=reading.statement
    )


def balance_at(
    player_id: str,
    currency_code: str,
    sequence: int | None,
    record_time: datetime | None,
    effective_time: datetime | None,
) -> Plain[Balances]:
    """Balances at a past moment. TypeError unless exactly one moment is named."""
    if [sequence, record_time, effective_time].count(None) != 2:  # noqa: PLR2004 - all but one
        message = "name one moment: sequence, record_time or effective_time"
        raise TypeError(message)
    request = pb.GetBalanceAtRequest(player_id=player_id, currency_code=currency_code)
    if sequence is not None:
        request.sequence = sequence
    elif record_time is not None:
        request.record_time.CopyFrom(reading.some_moment(record_time))
    elif effective_time is not None:
        request.effective_time.CopyFrom(reading.some_moment(effective_time))
    return Plain(
        first=Send(method=lambda stubs: stubs.history.GetBalanceAt, request=request),
        read=lambda response: reading.balances(response.balances),
    )


def explanation(
    transaction_id: str, player_id: str, kind: TransactionKind, key: str, source: str
) -> Plain[Explanation]:
    """Everything about one transaction."""
    request = pb.ExplainTransactionRequest(
        transaction_id=transaction_id,
        player_id=player_id,
        kind=kind.value,  # type: ignore[arg-type]
        transaction_key=key,
        source=source,
    )
    return Plain(
        first=Send(method=lambda stubs: stubs.history.ExplainTransaction, request=request), read=reading.explanation
    )


def day_statement(currency_code: str, day: date, source: str) -> Plain[DayStatement]:
    """The statement of a day."""
    request = pb.GetDayStatementRequest(currency_code=currency_code, day=day.isoformat(), source=source)
    return Plain(
        first=Send(method=lambda stubs: stubs.history.GetDayStatement, request=request), read=reading.day_statement
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A file, and the part of the ledger it is compared with."""

    lines: Iterable[ComparedLine]
    source: str
    currency_code: str
    since: datetime
    until: datetime
    kinds: Sequence[TransactionKind]
    request_id: str = field(default_factory=new_key)

    def requests(self) -> Iterator[pb.CompareStatementRequest]:
        """The scope, then the lines in pages."""
        scope = pb.ComparedScope(
            source=self.source,
            currency_code=self.currency_code,
            start_time=reading.some_moment(self.since),
            end_time=reading.some_moment(self.until),
            kinds=[kind.value for kind in self.kinds],  # type: ignore[misc]
        )
        yield pb.CompareStatementRequest(scope=scope)
        page: list[pb.ComparedLine] = []
        for line in self.lines:
            page.append(_line(line))
            if len(page) == _LINES_AT_ONCE:
                yield pb.CompareStatementRequest(lines=pb.ComparedLines(lines=page))
                page = []
        yield pb.CompareStatementRequest(lines=pb.ComparedLines(lines=page))


_LINES_AT_ONCE = 500


def _line(line: ComparedLine) -> pb.ComparedLine:
    return pb.ComparedLine(
        transaction_key=line.transaction_key,
        kind=line.kind.value,  # type: ignore[arg-type]
        amount=None if line.amount is None else reading.money_message(line.amount),
        state=0 if line.state is None else line.state.value,  # type: ignore[arg-type]
        player_id=line.player_id,
    )
