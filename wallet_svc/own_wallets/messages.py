"""Entries of the log as messages of the licensee's contract, and its answers in our words."""

from mesh.money import AmountError, to_minor, to_text
from pitboss.licensee.v1 import licensee_wallet_service_pb2 as contract
from pitboss.type.v1 import money_pb2, outcome_pb2
from wallet_svc.domain.state import Asset, Entry
from wallet_svc.domain.vocabulary import INTENT_KINDS, Kind, Outcome, OutcomeClass, class_of

_DEBITS = {
    Kind.BET: contract.DEBIT_KIND_BET,
    Kind.TIP: contract.DEBIT_KIND_TIP,
    Kind.ROLLBACK_LIST: contract.DEBIT_KIND_REVERSAL,
    Kind.REVERSE_WIN: contract.DEBIT_KIND_REVERSAL,
    Kind.UNDO_ROLLBACK: contract.DEBIT_KIND_ADJUSTMENT,
    Kind.ADJUST: contract.DEBIT_KIND_ADJUSTMENT,
    Kind.APPROVE_ADJUSTMENT: contract.DEBIT_KIND_ADJUSTMENT,
}
_CREDITS = {
    Kind.WIN: contract.CREDIT_KIND_WIN,
    Kind.PROMO: contract.CREDIT_KIND_PROMO,
    Kind.TOURNAMENT: contract.CREDIT_KIND_TOURNAMENT,
    Kind.JACKPOT: contract.CREDIT_KIND_JACKPOT,
    Kind.FREE_ROUND_SPIN: contract.CREDIT_KIND_FREE_ROUNDS,
    Kind.FREE_ROUND_TOTAL: contract.CREDIT_KIND_FREE_ROUNDS,
}
ACTION_OF = {intent: kind for kind, intent in INTENT_KINDS.items()}
"""The action of an intent."""

_AS_THEY_SAY = frozenset(
    {
        Outcome.INSUFFICIENT_FUNDS,
        Outcome.LIMIT_EXCEEDED,
        Outcome.SESSION_EXPIRED,
        Outcome.SESSION_INVALID,
        Outcome.PLAYER_BLOCKED,
        Outcome.GAME_NOT_AVAILABLE,
        Outcome.CURRENCY_MISMATCH,
        Outcome.AMOUNT_INVALID,
        Outcome.ROUND_CLOSED,
        Outcome.COMPLIANCE_DENIED,
        Outcome.ACCOUNT_FROZEN,
        Outcome.ACCOUNT_CLOSED,
    }
)
"""Refusals of a debit that the studio is told as the licensee's wallet said them. The others become NOT_APPLIED."""
_NO_ANSWER = frozenset({OutcomeClass.RETRY, OutcomeClass.UNCERTAIN})


def key_of(entry: Entry) -> str:
    """Our id of a transaction, which is the key that the licensee's wallet is sent."""
    return f"{entry.shard}-{entry.sequence}"


def debit_of(entry: Entry, player: str, provider: str) -> contract.DebitRequest:
    """An intent."""
    return contract.DebitRequest(
        player_id=player,
        transaction_key=key_of(entry),
        amount=_money(entry),
        provider=provider,
        round_id=entry.round or "",
        game_id=entry.game or "",
        session_id=entry.session or "",
        kind=_DEBITS[ACTION_OF[entry.kind]],
    )


def credit_of(entry: Entry, player: str, provider: str) -> contract.CreditRequest:
    """Something that was paid."""
    return contract.CreditRequest(
        player_id=player,
        transaction_key=key_of(entry),
        amount=_money(entry),
        provider=provider,
        round_id=entry.round or "",
        debit_key=debit_key(entry),
        kind=_CREDITS.get(entry.kind, contract.CREDIT_KIND_ADJUSTMENT),
        game_id=entry.game or "",
    )


def cancel_of(entry: Entry, player: str) -> contract.CancelRequest:
    """A stake that was undone, or that nobody knows."""
    return contract.CancelRequest(player_id=player, transaction_key=key_of(entry), debit_key=debit_key(entry))


def question_of(entry: Entry, player: str) -> contract.GetTransactionRequest:
    """What became of an intent."""
    return contract.GetTransactionRequest(player_id=player, kind="debit", transaction_key=key_of(entry))


def close_of(entry: Entry, player: str, provider: str) -> contract.CloseRoundRequest:
    """The end of a round."""
    return contract.CloseRoundRequest(player_id=player, provider=provider, round_id=entry.round or "")


def owed_minor(entry: Entry) -> int:
    """What is booked when a call has been answered, in smallest units."""
    return (entry.amount or 0) if entry.kind is Kind.ROLLBACK_LIST else entry.moved


def is_cancel(entry: Entry) -> bool:
    """Whether what is owed is a cancel of a debit, and not a credit."""
    return entry.kind is Kind.CONCLUDE or (entry.kind is Kind.CANCEL and bool(debit_key(entry)))


def debit_key(entry: Entry) -> str:
    """Key of the debit that an entry is about, if it names one."""
    intent = (entry.details or {}).get("intent")
    return "" if intent is None else f"{entry.shard}-{intent}"


def _money(entry: Entry) -> money_pb2.Money:
    if entry.asset is None:
        raise ValueError("what is sent to a wallet has an asset")
    amount = to_text(abs(entry.amount or 0), entry.asset.exponent)
    return money_pb2.Money(currency_code=entry.asset.code, amount=amount)


def minor_of(money: money_pb2.Money, asset: Asset | None) -> int | None:
    """A balance in smallest units; None if it is of another currency, or finer than the asset."""
    if asset is None or money.currency_code != asset.code:
        return None
    try:
        return to_minor(money.amount, asset.exponent)
    except AmountError:
        return None


def name_of(number: int) -> str:
    """An outcome of theirs by name, for the log and for people."""
    return outcome_pb2.Outcome.Name(number) if number in outcome_pb2.Outcome.values() else f"outcome {number}"  # type: ignore[arg-type]


def said(number: int) -> Outcome | None:
    """What they said; None if it is no answer, or not one of ours."""
    try:
        outcome = Outcome(number)
    except ValueError:
        return None
    return None if class_of(outcome) in _NO_ANSWER else outcome


def taken_of(number: int) -> Outcome | None:
    """Their answer to a debit as the studio hears it; None if it is no word on whether the money was taken."""
    outcome = said(number)
    if outcome is None or outcome in (Outcome.IDEMPOTENCY_CONFLICT, Outcome.TOMBSTONED):
        return None
    return Outcome.OK if outcome is Outcome.OK else refusal_of(outcome)


def state_name(number: int) -> str:
    """What they know of a key by name, for people."""
    return contract.KnownState.Name(number) if number in contract.KnownState.values() else f"state {number}"  # type: ignore[arg-type]


def refusal_of(outcome: Outcome) -> Outcome:
    """Their refusal of a debit as the studio hears it."""
    return outcome if outcome in _AS_THEY_SAY else Outcome.NOT_APPLIED
