"""Actions on money: an answer that was lost is looked up, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import grpc

from pitboss_sdk import _reading as reading
from pitboss_sdk._conversation import Again, Answer, Done, Send, may_repeat
from pitboss_sdk._keys import new_request_id
from pitboss_sdk._refusals import call_error, refusal
from pitboss_sdk._stubs.pitboss.wallet.v1 import action_pb2
from pitboss_sdk._stubs.pitboss.wallet.v1.wallet_service_pb2 import LookUpTransactionRequest, LookUpTransactionResponse
from pitboss_sdk.errors import UndecidedError
from pitboss_sdk.failure import Failure
from pitboss_sdk.values import Receipt
from pitboss_sdk.vocabulary import Outcome, OutcomeClass, TransactionKind, TransactionState

ATTEMPT_S: Final = 4.0
"""One attempt, so that time is left to find out what became of it."""

_IN_DOUBT: Final = frozenset(
    {
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""The action may have been done all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A `Call` whose answer is a receipt."""

    first: Send
    player_id: str
    kind: TransactionKind
    transaction_key: str
    result: Callable[[Any], action_pb2.Result]
    request_id: str = field(default_factory=new_request_id)

    def judge(self, sent: Send, answer: Answer) -> Done[Receipt] | Again:
        """See `Call`."""
        if isinstance(answer, LookUpTransactionResponse):
            return self._judge_found(sent, answer)
        if isinstance(answer, Failure):
            return self._judge_failure(sent, answer)
        message = self.result(answer)
        receipt = reading.receipt(message, self.transaction_key, self.request_id)
        match OutcomeClass(message.outcome_class):
            case OutcomeClass.SUCCESS:
                return Done(value=receipt)
            case OutcomeClass.RETRY:
                return self._first_again(receipt.outcome.name)
            case OutcomeClass.UNCERTAIN:
                return self._look_up(None)
            case _:
                raise refusal(receipt)

    def _judge_failure(self, sent: Send, failure: Failure) -> Done[Receipt] | Again:
        error = call_error(failure, request_id=self.request_id, transaction_key=self.transaction_key)
        if may_repeat(failure):
            return Again(send=sent, error=error, after_s=failure.retry_after_s or 0.0)
        if failure.code in _IN_DOUBT:
            return self._look_up(failure)
        if sent.method is _look_up and failure.code is grpc.StatusCode.NOT_FOUND:
            # No such player: then no such transaction either.
            return self._never_seen(sent)
        raise error

    def _judge_found(self, sent: Send, answer: LookUpTransactionResponse) -> Done[Receipt] | Again:
        found = reading.transaction(answer.transaction)
        if found.state is TransactionState.UNKNOWN:
            return self._never_seen(sent)
        receipt = replace(reading.receipt_of(found), transaction_key=self.transaction_key)
        if found.state is TransactionState.APPLIED and found.outcome is Outcome.OK:
            return Done(value=receipt)
        raise refusal(receipt)

    def _never_seen(self, sent: Send) -> Again:
        failure = sent.because
        if failure is not None and failure.code is not grpc.StatusCode.DEADLINE_EXCEEDED:
            raise call_error(failure, request_id=self.request_id, transaction_key=self.transaction_key)
        return self._first_again("The ledger has not seen the action.")

    def _look_up(self, because: Failure | None) -> Again:
        request = LookUpTransactionRequest(
            player_id=self.player_id,
            kind=self.kind.value,  # type: ignore[arg-type]
            transaction_key=self.transaction_key,
        )
        send = Send(method=_look_up, request=request, timeout_s=ATTEMPT_S, because=because)
        return Again(send=send, error=self._undecided("The answer was lost.", because))

    def _first_again(self, why: str) -> Again:
        return Again(send=self.first, error=self._undecided(why, None))

    def _undecided(self, why: str, cause: Failure | None) -> UndecidedError:
        return UndecidedError(why, cause=cause, request_id=self.request_id, transaction_key=self.transaction_key)


def _look_up(stubs: Any) -> Any:  # noqa: ANN401 - see `Method`
    return stubs.wallet.LookUpTransaction
