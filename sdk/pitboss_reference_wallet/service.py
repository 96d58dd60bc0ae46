"""The methods of the contract on a book: a checked message in, a message out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pitboss_reference_wallet.amounts import to_minor, to_text
from pitboss_reference_wallet.book import Answer, Book, Money
from pitboss_sdk._stubs.pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract
from pitboss_sdk._stubs.pitboss.type.v1 import money_pb2, outcome_pb2

SERVICE = "pitboss.licensee.v1.LicenseeWalletService"
_FREE_OF_BLOCKS = (contract.DEBIT_KIND_REVERSAL, contract.DEBIT_KIND_ADJUSTMENT)


class RequestInvalidError(Exception):
    """The request is malformed; nothing was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One RPC: its request type, and what answers it."""

    request: type[Any]
    answer: Callable[[Any], Any]


class Wallet:
    """Answers requests. `exponents` is the currency list of the licensee."""

    def __init__(self, book: Book, exponents: Mapping[str, int]) -> None:
        self.book, self._exponents = book, dict(exponents)
        self.methods: dict[str, Method] = {
            "GetBalance": Method(request=contract.GetBalanceRequest, answer=self._get_balance),
            "Debit": Method(request=contract.DebitRequest, answer=self._debit),
            "Credit": Method(request=contract.CreditRequest, answer=self._credit),
            "Cancel": Method(request=contract.CancelRequest, answer=self._cancel),
            "CloseRound": Method(request=contract.CloseRoundRequest, answer=self._close_round),
            "GetTransaction": Method(request=contract.GetTransactionRequest, answer=self._get_transaction),
            "Ping": Method(request=contract.PingRequest, answer=self._ping),
        }

    def money(self, text: str, currency: str) -> Money | None:
        """An amount of one of our currencies, or None if it does not fit."""
        exponent = self._exponents.get(currency)
        minor = None if exponent is None else to_minor(text, exponent)
        return None if minor is None else Money(currency=currency, minor=minor)

    def text(self, money: Money) -> str:
        """Main units."""
        return to_text(money.minor, self._exponents[money.currency])

    def _get_balance(self, request: contract.GetBalanceRequest) -> contract.GetBalanceResponse:
        minor = self.book.cash(request.player_id, request.currency_code)
        if minor is None:
            return contract.GetBalanceResponse()
        return contract.GetBalanceResponse(cash=self._wire(Money(currency=request.currency_code, minor=minor)))

    def _debit(self, request: contract.DebitRequest) -> contract.DebitResponse:
        _named(request.player_id, request.transaction_key)
        money = self._positive(request.amount)
        if money is None:
            return contract.DebitResponse(outcome=self._unfit(request.amount))
        content = _content(money, request.kind or contract.DEBIT_KIND_BET, request.provider, request.round_id)
        found = self.book.debit(
            request.player_id, request.transaction_key, money, content=content,
            needs_leave=request.kind not in _FREE_OF_BLOCKS,
        )  # fmt: skip
        return contract.DebitResponse(**self._answered(found))

    def _credit(self, request: contract.CreditRequest) -> contract.CreditResponse:
        _named(request.player_id, request.transaction_key)
        money = self._positive(request.amount)
        if money is None:
            return contract.CreditResponse(outcome=self._unfit(request.amount))
        content = _content(money, request.kind or contract.CREDIT_KIND_WIN, request.provider, request.round_id,
                           request.debit_key)  # fmt: skip
        found = self.book.credit(request.player_id, request.transaction_key, money, content=content)
        return contract.CreditResponse(**self._answered(found))

    def _cancel(self, request: contract.CancelRequest) -> contract.CancelResponse:
        _named(request.player_id, request.transaction_key, request.debit_key)
        found = self._answered(self.book.cancel(request.player_id, request.transaction_key, request.debit_key))
        del found["licensee_transaction_id"]
        return contract.CancelResponse(**found)

    def _close_round(self, request: contract.CloseRoundRequest) -> contract.CloseRoundResponse:
        _named(request.player_id, request.round_id)
        self.book.end_round(request.player_id, request.provider, request.round_id)
        return contract.CloseRoundResponse()

    def _get_transaction(self, request: contract.GetTransactionRequest) -> contract.GetTransactionResponse:
        _named(request.player_id, request.transaction_key)
        found = self.book.known(request.kind, request.player_id, request.transaction_key)
        if found is None:
            return contract.GetTransactionResponse(state=contract.KNOWN_STATE_UNKNOWN)
        amount = self._wire(found.money) if found.money else None
        return contract.GetTransactionResponse(
            state=_state(found), outcome=_outcome(found.outcome), amount=amount, cancelled=found.cancelled
        )

    def _ping(self, _: contract.PingRequest) -> contract.PingResponse:
        answer = contract.PingResponse()
        answer.server_time.FromNanoseconds(time.time_ns())
        return answer

    def _positive(self, amount: money_pb2.Money) -> Money | None:
        money = self.money(amount.amount, amount.currency_code)
        return money if money is not None and money.minor >= 0 else None

    def _unfit(self, amount: money_pb2.Money) -> outcome_pb2.Outcome.ValueType:
        return _outcome("AMOUNT_INVALID" if amount.currency_code in self._exponents else "CURRENCY_MISMATCH")

    def _answered(self, found: Answer) -> dict[str, Any]:
        return {
            "outcome": _outcome(found.outcome),
            "balance": self._wire(found.cash_now) if found.cash_now else None,
            "licensee_transaction_id": f"t-{found.number}" if found.number else "",
            "replayed": found.replayed,
        }

    def _wire(self, money: Money) -> money_pb2.Money:
        return money_pb2.Money(currency_code=money.currency, amount=self.text(money))


def _named(*names: str) -> None:
    if not all(names):
        raise RequestInvalidError("player_id and the keys of the request must not be empty")


def _content(money: Money, kind: int, *parts: str) -> str:
    """What a key stands for. The session, and a game that was renamed, do not matter to money."""
    return "\n".join([money.currency, str(money.minor), str(kind), *parts])


def _outcome(name: str) -> outcome_pb2.Outcome.ValueType:
    return outcome_pb2.Outcome.Value(f"OUTCOME_{name}")


def _state(found: Answer) -> contract.KnownState.ValueType:
    if found.outcome in {"OK", "TOMBSTONED"}:
        return contract.KNOWN_STATE_APPLIED
    return contract.KNOWN_STATE_TOMBSTONED if found.money is None else contract.KNOWN_STATE_REFUSED
