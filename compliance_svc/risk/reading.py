"""Entries of the ledger's log in the words of the risk plane. Pure."""

from typing import Final

from compliance_svc.risk.history import DECIMALS, Entry, Kind
from pitboss.type.v1 import outcome_pb2
from pitboss.wallet.v1 import transaction_pb2 as tx

_KINDS: Final = {
    tx.TRANSACTION_KIND_DEPOSIT: Kind.DEPOSIT,
    tx.TRANSACTION_KIND_HOLD: Kind.WITHDRAWAL,
    tx.TRANSACTION_KIND_RELEASE: Kind.RETURNED,
    tx.TRANSACTION_KIND_EXPIRE: Kind.RETURNED,
    tx.TRANSACTION_KIND_BET: Kind.STAKE,
    tx.TRANSACTION_KIND_CANCEL: Kind.UNSTAKED,
    tx.TRANSACTION_KIND_WIN: Kind.WINNING,
    tx.TRANSACTION_KIND_JACKPOT: Kind.WINNING,
}
KINDS: Final = tuple(_KINDS)
"""What is asked of the log."""


def entry_of(entry: tx.Entry) -> Entry | None:
    """What an entry did; None if it moved nothing that is watched. Only the first row of an operation has a key."""
    transaction = entry.transaction
    kind = _KINDS.get(transaction.kind)
    accepted = transaction.state == tx.TRANSACTION_STATE_APPLIED and transaction.outcome == outcome_pb2.OUTCOME_OK
    if kind is None or not accepted or not transaction.transaction_key:
        return None
    if kind is Kind.UNSTAKED and transaction.reference_kind == tx.TRANSACTION_KIND_TIP:
        return None
    money = transaction.amount if transaction.HasField("amount") else entry.moved
    amount = units(money.amount) if money.amount else 0
    if not amount:
        return None
    return Entry(
        shard=entry.shard,
        sequence=entry.sequence,
        licensee=entry.licensee_id,
        player=transaction.player_id,
        currency=money.currency_code,
        kind=kind,
        amount=amount,
        at_us=transaction.record_time.ToMicroseconds(),
        key=transaction.transaction_key,
        reference=transaction.reference_key,
        pack=entry.pack,
        pack_digest=entry.pack_digest,
    )


def units(text: str) -> int:
    """`12.5` as 10**-18 main units."""
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(DECIMALS, "0"))


def text_of(amount: int) -> str:
    """An amount with at least two decimals, and no more than it needs."""
    digits = str(amount).zfill(DECIMALS + 1)
    part = digits[-DECIMALS:].rstrip("0").ljust(2, "0")
    return f"{digits[:-DECIMALS]}.{part}"
