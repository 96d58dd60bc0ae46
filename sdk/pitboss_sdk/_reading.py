"""The wire's messages as values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from google.protobuf.timestamp_pb2 import Timestamp

from pitboss_sdk import values
from pitboss_sdk._stubs.pitboss.compliance.v1 import compliance_service_pb2, decision_service_pb2
from pitboss_sdk._stubs.pitboss.session.v1 import catalog_service_pb2, session_service_pb2
from pitboss_sdk._stubs.pitboss.type.v1 import decision_pb2, game_pb2, money_pb2
from pitboss_sdk._stubs.pitboss.wallet.v1 import (
    action_pb2,
    history_service_pb2,
    protection_pb2,
    transaction_pb2,
    wallet_service_pb2,
)
from pitboss_sdk.money import Money, to_text
from pitboss_sdk.vocabulary import (
    AttemptProof,
    BookAccountClass,
    Category,
    DifferenceKind,
    HoldState,
    LimitKind,
    Outcome,
    ReviewCase,
    SessionState,
    TransactionKind,
    TransactionState,
    Verdict,
)


def money(message: money_pb2.Money) -> Money | None:
    """None if it is not set."""
    return Money(Decimal(message.amount), message.currency_code) if message.amount else None


def assertion_message(assertion: values.Assertion) -> protection_pb2.Assertion:
    """A licensee's word as a message."""
    message = protection_pb2.Assertion(nonce=assertion.nonce, signature=assertion.signature)
    message.issue_time.FromDatetime(assertion.issue_time)
    return message


def money_message(amount: object) -> money_pb2.Money:
    """The other way round. TypeError for a bare number: it has no currency, and may be inexact."""
    if not isinstance(amount, Money):
        message = f"money is a Money, not {type(amount).__name__}: Money(Decimal('12.50'), 'EUR')"
        raise TypeError(message)
    return money_pb2.Money(currency_code=amount.currency_code, amount=to_text(amount.amount))


def moment(message: Timestamp) -> datetime | None:
    """None if it is not set. The wire's zero moment is 1970, when nothing of ours happened."""
    return message.ToDatetime(tzinfo=UTC) if message.seconds else None


def moment_message(moment: datetime | None) -> Timestamp | None:
    """The other way round; None if it is not set."""
    return None if moment is None else some_moment(moment)


def some_moment(moment: datetime) -> Timestamp:
    """A moment on the wire. ValueError for one without a time zone: it could be any of 24 hours."""
    if moment.tzinfo is None:
        message = "a moment has a time zone: datetime.now(UTC), not datetime.now()"
        raise ValueError(message)
    found = Timestamp()
    found.FromDatetime(moment.astimezone(UTC))
    return found


def balances(message: action_pb2.Balances) -> values.Balances:
    """Sub-balances in one currency. One that is not sent is zero."""
    nothing = Money(0, message.available.currency_code)
    return values.Balances(
        available=money(message.available) or nothing,
        held=money(message.held) or nothing,
        bonus=money(message.bonus) or nothing,
        receivable=money(message.receivable) or nothing,
    )


def session_play(message: wallet_service_pb2.GetSessionPlayResponse) -> values.SessionPlay:
    """Time and money of a session."""
    nothing = Money(0, message.staked.currency_code)
    return values.SessionPlay(
        start_time=message.start_time.ToDatetime(UTC),
        elapsed=message.elapsed.ToTimedelta(),
        staked=money(message.staked) or nothing,
        won=money(message.won) or nothing,
    )


def decision(message: decision_pb2.Decision) -> values.Decision:
    """A decision."""
    return values.Decision(
        decision_id=message.decision_id,
        verdict=Verdict(message.verdict),
        reasons=tuple(message.reasons),
        obligations=tuple(message.obligations),
        pack=message.pack,
        pack_digest=message.pack_digest,
        kernel_version=message.kernel_version,
        effective_time=moment(message.effective_time),
        eligible_time=moment(message.eligible_time),
        facts_json=message.facts_json,
    )


def receipt(message: action_pb2.Result, transaction_key: str, request_id: str) -> values.Receipt:
    """The ledger's answer to an action."""
    told = decision(message.decision) if message.HasField("decision") else None
    return values.Receipt(
        transaction_key=transaction_key,
        transaction_id=message.transaction_id,
        outcome=Outcome(message.outcome),
        replayed=message.replayed,
        balance_at_commit=money(message.balance_at_commit),
        balances=balances(message.balance_now) if message.HasField("balance_now") else None,
        hold_state=HoldState(message.hold_state),
        limit=message.limit,
        decision=told,
        reasons=told.reasons if told else (),
        request_id=request_id,
        payload_hash=message.payload_hash,
        opened_case=ReviewCase(message.opened_case),
    )


def receipt_of(found: values.Transaction) -> values.Receipt:
    """The answer that was lost, from the transaction that a look-up found."""
    return values.Receipt(
        transaction_key=found.transaction_key,
        transaction_id=found.transaction_id,
        outcome=found.outcome,
        replayed=True,
        balance_at_commit=found.balance_at_commit,
        balances=None,
        hold_state=HoldState.UNSPECIFIED,
        limit="",
        decision=None,
        reasons=found.reasons,
        request_id=found.request_id,
    )


def transaction(message: transaction_pb2.Transaction) -> values.Transaction:
    """One stored action."""
    return values.Transaction(
        transaction_id=message.transaction_id,
        player_id=message.player_id,
        source=message.source,
        kind=TransactionKind(message.kind),
        transaction_key=message.transaction_key,
        state=TransactionState(message.state),
        outcome=Outcome(message.outcome),
        amount=money(message.amount),
        rolled_back=message.rolled_back,
        round_id=message.round_id,
        game_id=message.game_id,
        session_id=message.session_id,
        reference_key=message.reference_key,
        jackpot_part=money(message.jackpot_part),
        balance_at_commit=money(message.balance_at_commit),
        record_time=moment(message.record_time),
        reasons=tuple(message.reasons),
        request_id=message.request_id,
        opened_case=ReviewCase(message.opened_case),
        effective_time=moment(message.effective_time),
    )


def statement(message: history_service_pb2.ListStatementLinesResponse) -> values.Statement:
    """Lines of a statement, with the balances around them."""
    return values.Statement(
        opening=_amount(message.opening),
        lines=tuple(_statement_line(each) for each in message.lines),
        closing=_amount(message.closing),
        next_cursor=message.next_cursor,
        more=message.more,
    )


def _statement_line(message: history_service_pb2.StatementLine) -> values.StatementLine:
    nothing = Money(0, message.cash_change.currency_code)
    return values.StatementLine(
        cursor=message.cursor,
        transaction_id=message.transaction_id,
        kind=TransactionKind(message.kind),
        source=message.source,
        transaction_key=message.transaction_key,
        cash_change=_amount(message.cash_change),
        bonus_change=money(message.bonus_change) or nothing,
        held_change=money(message.held_change) or nothing,
        receivable_change=money(message.receivable_change) or nothing,
        balance=_amount(message.balance),
        round_id=message.round_id,
        game_id=message.game_id,
        reference_key=message.reference_key,
        record_time=moment(message.record_time),
        effective_time=moment(message.effective_time),
    )


def explanation(message: history_service_pb2.ExplainTransactionResponse) -> values.Explanation:
    """Everything about one transaction."""
    return values.Explanation(
        transaction=transaction(message.transaction),
        attempts=tuple(_attempt(each) for each in message.attempts),
        attempt_count=message.attempt_count,
        decision=decision(message.decision) if message.HasField("decision") else None,
        postings=tuple(_posting(each) for each in message.postings),
        related=tuple(transaction(each) for each in message.related),
        hold=_hold(message.hold) if message.HasField("hold") else None,
        writer=message.commitment.writer,
        refused_messages=tuple(_refused(each) for each in message.refused_messages),
        upstream_attempts=tuple(_upstream(each) for each in message.upstream_attempts),
        pending_calls=tuple(_pending(each) for each in message.pending_calls),
    )


def _refused(message: history_service_pb2.RefusedMessage) -> values.RefusedMessage:
    return values.RefusedMessage(
        time=moment(message.time),
        event=message.event,
        request_id=message.request_id,
        path=message.path,
        body_bytes=message.body_bytes,
    )


def _upstream(message: history_service_pb2.UpstreamAttempt) -> values.UpstreamAttempt:
    return values.UpstreamAttempt(
        time=moment(message.time),
        method=message.method,
        call_key=message.call_key,
        latency=message.latency.ToTimedelta(),
        answer=message.answer,
        outcome=Outcome(message.outcome) if message.outcome else None,
    )


def _pending(message: history_service_pb2.PendingCall) -> values.PendingCall:
    return values.PendingCall(
        call_id=message.call_id,
        kind=TransactionKind(message.kind),
        amount=money(message.amount),
        stuck=message.stuck,
        attempts=message.attempts,
        next_attempt_time=moment(message.next_attempt_time),
        create_time=moment(message.create_time),
        last_error=message.last_error,
    )


def _attempt(message: history_service_pb2.Attempt) -> values.Attempt:
    return values.Attempt(
        time=moment(message.time),
        caller=message.caller,
        request_id=message.request_id,
        outcome=Outcome(message.outcome),
        replayed=message.replayed,
        content_json=message.content_json,
        proof=AttemptProof(message.proof),
    )


def _posting(message: history_service_pb2.Posting) -> values.Posting:
    return values.Posting(
        posting_id=message.posting_id,
        debit=_book_account(message.debit),
        credit=_book_account(message.credit),
        amount=_amount(message.amount),
    )


def _book_account(message: history_service_pb2.BookAccount) -> values.BookAccount:
    return values.BookAccount(
        account_id=message.account_id,
        account_class=BookAccountClass(message.account_class),
        player_id=message.player_id,
        source=message.source,
        balance=money(message.balance),
    )


def _hold(message: history_service_pb2.HoldView) -> values.Hold:
    return values.Hold(
        hold_key=message.hold_key,
        state=HoldState(message.state),
        amount=_amount(message.amount),
        captured=_amount(message.captured),
        released=_amount(message.released),
        expire_time=moment(message.expire_time),
    )


def day_statement(message: history_service_pb2.GetDayStatementResponse) -> values.DayStatement:
    """The statement of a day."""
    return values.DayStatement(
        opening=_sums(message.opening),
        kinds=tuple(
            values.KindTotal(kind=TransactionKind(each.kind), count=each.count, change=_sums(each.change))
            for each in message.kinds
        ),
        closing=_sums(message.closing),
        count=message.count,
        final=message.final,
        document_json=message.document_json,
        digest=message.digest,
        signed_note=message.signed_note,
        verifier_key=message.verifier_key,
    )


def _sums(message: history_service_pb2.SubBalances) -> values.SubBalances:
    return values.SubBalances(
        cash=_amount(message.cash),
        held=_amount(message.held),
        bonus=_amount(message.bonus),
        receivable=_amount(message.receivable),
    )


def compared(
    message: history_service_pb2.CompareStatementResponse,
) -> Iterator[values.Difference | values.ComparisonSummary]:
    """Differences, and at the end the summary."""
    for each in message.differences:
        yield values.Difference(
            kind=DifferenceKind(each.difference),
            there=_compared_line(each.there) if each.HasField("there") else None,
            here=_compared_line(each.here) if each.HasField("here") else None,
            transaction_id=each.transaction_id,
        )
    if message.HasField("summary"):
        told = message.summary
        yield values.ComparisonSummary(
            lines=told.lines,
            transactions=told.transactions,
            agreeing=told.agreeing,
            missing_here=told.missing_here,
            missing_there=told.missing_there,
            amount_differs=told.amount_differs,
            state_differs=told.state_differs,
        )


def _compared_line(message: history_service_pb2.ComparedLine) -> values.ComparedLine:
    return values.ComparedLine(
        kind=TransactionKind(message.kind),
        transaction_key=message.transaction_key,
        amount=money(message.amount),
        state=TransactionState(message.state) if message.state else None,
        player_id=message.player_id,
    )


def _amount(message: money_pb2.Money) -> Money:
    """One that is always sent."""
    return Money(Decimal(message.amount), message.currency_code)


def session(message: session_service_pb2.Session) -> values.Session:
    """A session."""
    return values.Session(
        session_id=message.session_id,
        player_id=message.player_id,
        provider=message.provider,
        game_id=message.game_id,
        currency_code=message.currency_code,
        state=SessionState(message.state),
        create_time=moment(message.create_time),
        expire_time=moment(message.expire_time),
        end_time=moment(message.end_time),
        end_reason=message.end_reason,
    )


def game(message: catalog_service_pb2.CatalogGame) -> values.Game:
    """A game of the catalog."""
    return values.Game(
        provider=message.provider,
        game_id=message.game_id,
        title=message.title,
        category=Category(message.category),
        available=message.available,
        unavailable_reason=message.unavailable_reason,
        currency_codes=tuple(message.currency_codes),
        refused_countries=tuple(message.refused_countries),
        return_ppm=message.return_ppm,
        languages=tuple(message.languages),
        markets=tuple(map(_market, message.markets)),
    )


def _market(message: game_pb2.MarketFacts) -> values.MarketFacts:
    return values.MarketFacts(
        market=message.market, certificate_id=message.certificate_id, return_ppm=message.return_ppm
    )


def _limit(message: compliance_service_pb2.LimitStatus) -> values.Limit:
    return values.Limit(
        kind=LimitKind(message.limit_kind),
        window=message.window,
        amount=Money(Decimal(message.amount.amount or 0), message.amount.currency_code),
        pending_amount=money(message.pending_amount),
        effective_time=moment(message.effective_time),
    )


def protection(message: compliance_service_pb2.GetProtectionResponse) -> values.Protection:
    """Limits, exclusion and break."""
    return values.Protection(
        jurisdiction=message.jurisdiction,
        blocked=message.blocked,
        limits=tuple(_limit(each) for each in message.limits),
        excluded=message.excluded,
        eligible_time=moment(message.eligible_time),
        break_until_time=moment(message.break_until_time),
    )


def decision_record(message: decision_service_pb2.DecisionRecord) -> values.DecisionRecord:
    """A stored decision."""
    return values.DecisionRecord(
        decision=decision(message.decision),
        player_id=message.player_id,
        kind=TransactionKind(message.kind),
        transaction_key=message.transaction_key,
        source=message.source,
        outcome=Outcome(message.outcome),
        record_time=moment(message.record_time),
    )
