"""Answers and stored entries on the wire."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.money import to_text
from pitboss.type.v1 import decision_pb2, money_pb2
from pitboss.wallet.v1 import action_pb2, transaction_pb2
from wallet_svc.domain.backdating import effective_us
from wallet_svc.domain.ending import end_reason
from wallet_svc.domain.records import pack_digest
from wallet_svc.domain.state import Asset, Entry, Registry
from wallet_svc.domain.vocabulary import INTENT_KINDS, LATE_KINDS, Kind, Outcome, RoundState, class_of
from wallet_svc.engine import Answer

# Looked up for every answer: an enum computes its value anew each time that it is asked.
_ON_THE_WIRE: dict[Outcome, tuple[Any, Any]] = {
    outcome: (outcome.value, class_of(outcome).value) for outcome in Outcome
}
_KIND_NUMBERS: dict[Kind, Any] = {kind: LATE_KINDS.get(kind, kind).value for kind in Kind}
_ROUND_STATES: dict[RoundState, Any] = {state: state.value for state in RoundState}

_ROUND_KINDS = frozenset(
    {
        Kind.BET,
        Kind.LATE_BET,
        Kind.WIN,
        Kind.LATE_WIN,
        Kind.CANCEL,
        Kind.CLOSE_ROUND,
        Kind.REVERSE_WIN,
        Kind.UNDO_ROLLBACK,
    }
)


def money(minor: int, asset: Asset) -> money_pb2.Money:
    """An amount on the wire."""
    return money_pb2.Money(currency_code=asset.code, amount=to_text(minor, asset.exponent))


def _fill_money(message: money_pb2.Money, minor: int, asset: Asset) -> None:
    message.currency_code, message.amount = asset.code, to_text(minor, asset.exponent)


def timestamp(moment_us: int) -> Timestamp:
    """A moment on the wire."""
    message = Timestamp()
    _fill_time(message, moment_us)
    return message


def _fill_time(message: Timestamp, moment_us: int) -> None:
    message.seconds, micros = divmod(moment_us, 1_000_000)
    message.nanos = micros * 1000


def result_of(answer: Answer) -> action_pb2.Result:
    """One answer on the wire."""
    result = action_pb2.Result()
    fill(result, answer)
    return result


def fill(result: action_pb2.Result, answer: Answer) -> None:
    """Write one answer into a message where it lies: it is made for every bet, and a copy costs as much as itself."""
    entry, asset = answer.entry, answer.asset
    outcome = Outcome.ALREADY_ROLLED_BACK if entry.tombstone else entry.outcome
    result.outcome, result.outcome_class = _ON_THE_WIRE[outcome]
    if answer.replayed:
        result.replayed = True
    if entry.sequence:
        result.transaction_id = f"{entry.shard}-{entry.sequence}"
    if entry.limit:
        result.limit = entry.limit
    if asset is not None:
        _fill_balances(result, answer, available_of(entry), asset)
    if entry.kind in _ROUND_KINDS:
        result.round_state = _ROUND_STATES[answer.round_state]
    if answer.hold_state:
        result.hold_state = answer.hold_state.value  # type: ignore[assignment]
    if entry.case is not None:
        result.opened_case = entry.case.value  # type: ignore[assignment]
    _fill_rest(result, answer, entry)


def available_of(entry: Entry) -> int | None:
    """The player's money right after an entry. If the licensee keeps it, what was known of it then."""
    details = entry.details
    if details is not None and "shown" in details:
        shown: int = details["shown"]
        return shown
    return entry.available


def _fill_rest(result: action_pb2.Result, answer: Answer, entry: Entry) -> None:
    """What most answers do not have."""
    if worth_telling(entry):
        result.decision.CopyFrom(decision_of(entry))
    aside = (entry.details or {}).get("aside") if entry.kind is Kind.WIN else None
    if aside is not None and entry.asset is not None:
        result.put_aside.CopyFrom(money(aside, entry.asset))
    for part in answer.parts:
        fill(result.parts.add(), part)
    if entry.kind in _TELLING_KINDS and not answer.parts:
        _tell(result, entry.details or {})


_TELLING_KINDS = frozenset({Kind.ROLLBACK_LIST, Kind.PROPOSE_ADJUSTMENT})


def _tell(result: action_pb2.Result, details: dict[str, Any]) -> None:
    """What stands in the details: outcomes of a list's items, the hash of a proposal."""
    for _, _, number in details.get("items", []):
        part = result.parts.add()
        part.outcome, part.outcome_class = _ON_THE_WIRE[Outcome(number)]
        part.replayed = result.replayed
    result.payload_hash = details.get("hash", "")


def _fill_balances(result: action_pb2.Result, answer: Answer, at_commit: int | None, asset: Asset) -> None:
    """Sub-balances of zero are left out."""
    code, exponent, available = asset.code, asset.exponent, answer.available
    now, text = result.balance_now, to_text(available, exponent)
    amount = now.available
    amount.currency_code, amount.amount = code, text
    if at_commit is not None:
        amount = result.balance_at_commit
        amount.currency_code = code
        amount.amount = text if at_commit == available else to_text(at_commit, exponent)
    if answer.held:
        now.held.CopyFrom(money(answer.held, asset))
    if answer.bonus:
        now.bonus.CopyFrom(money(answer.bonus, asset))
    if answer.receivable:
        now.receivable.CopyFrom(money(answer.receivable, asset))


def balances(asset: Asset, available: int, held: int, bonus: int, receivable: int) -> action_pb2.Balances:
    """Sub-balances in one asset."""
    return action_pb2.Balances(
        available=money(available, asset),
        held=money(held, asset),
        bonus=money(bonus, asset),
        receivable=money(receivable, asset),
    )


def known_balances(asset: Asset, available: int, since_us: int | None) -> action_pb2.Balances:
    """What is known of the money in a licensee's own wallet."""
    found = action_pb2.Balances(available=money(available, asset))
    if since_us is not None:
        found.known_since.CopyFrom(timestamp(since_us))
    return found


_DUTIES = '"obligations":'
_MONEY_KINDS = frozenset({Kind.BET, Kind.DEPOSIT, Kind.TIP, Kind.TRANSFER_IN, Kind.TRANSFER_OUT})


def worth_telling(entry: Entry) -> bool:
    """A decision is sent along unless it simply let money pass."""
    if entry.pack is None:
        return False
    if entry.kind not in _MONEY_KINDS or entry.outcome in _REASONED:
        return True
    return entry.decision_json is not None and _DUTIES in entry.decision_json


def decision_of(entry: Entry) -> decision_pb2.Decision:
    """The decision of an entry, from its record: the same for the first answer and for every replay."""
    record: dict[str, Any] = orjson.loads(entry.decision_json or "{}")
    decision = decision_pb2.Decision(
        decision_id=f"{entry.shard}-{entry.sequence}" if entry.sequence else "",
        verdict=decision_pb2.Verdict.Value("VERDICT_" + record.get("verdict", "UNSPECIFIED")),
        reasons=_codes(record),
        obligations=record.get("obligations", []),
        pack=entry.pack or "",
        pack_digest=record.get("pack_digest", ""),
        kernel_version=record.get("kernel", ""),
        zone_data=record.get("zone_data", ""),
        guardrail=record.get("guardrail", "G0"),
        facts_json=orjson.dumps(record["facts"]).decode() if "facts" in record else "",
    )
    if record.get("effective_us") is not None:
        decision.effective_time.CopyFrom(timestamp(int(record["effective_us"])))
    if record.get("eligible_us") is not None:
        decision.eligible_time.CopyFrom(timestamp(int(record["eligible_us"])))
    if record.get("until_us") is not None:
        decision.until_time.CopyFrom(timestamp(int(record["until_us"])))
    return decision


def transaction_of(entry: Entry, player: str, registry: Registry, *, rolled_back: bool) -> transaction_pb2.Transaction:
    """A stored action on the wire."""
    transaction = transaction_pb2.Transaction()
    _fill_transaction(transaction, entry, player, registry)
    transaction.rolled_back = rolled_back
    return transaction


def _fill_transaction(transaction: transaction_pb2.Transaction, entry: Entry, player: str, registry: Registry) -> None:
    """Write an action where it lies: whoever follows the log gets one for every entry."""
    transaction.transaction_id = f"{entry.shard}-{entry.sequence}"
    transaction.player_id = player
    transaction.source = registry.source_names.get(entry.source_id, "")
    transaction.kind = _KIND_NUMBERS[entry.kind]
    transaction.transaction_key = entry.key or ""
    transaction.state = _state(entry)
    transaction.outcome = _ON_THE_WIRE[entry.outcome][0]
    transaction.round_id = entry.round or ""
    transaction.game_id = entry.game or ""
    transaction.session_id = entry.session or ""
    transaction.reference_key = entry.reference or ""
    transaction.request_id = entry.request_id
    _fill_time(transaction.record_time, entry.recorded_us)
    if entry.asset is not None:
        if entry.amount is not None:
            _fill_money(transaction.amount, entry.amount, entry.asset)
        if (available := available_of(entry)) is not None:
            _fill_money(transaction.balance_at_commit, available, entry.asset)
    if (effective := effective_us(entry)) is not None:
        _fill_time(transaction.effective_time, effective)
    if entry.outcome in _REASONED and entry.decision_json:
        transaction.reasons.extend(_codes(orjson.loads(entry.decision_json)))
    if entry.case is not None:
        transaction.opened_case = entry.case.value  # type: ignore[assignment]
    if entry.details is not None:
        _fill_details(transaction, entry, entry.details)


def _fill_details(transaction: transaction_pb2.Transaction, entry: Entry, details: Mapping[str, Any]) -> None:
    if entry.reference:
        transaction.reference_kind = details.get("of", 0)
    transaction.grant_id = details.get("grant", "")
    transaction.closes_round = bool(details.get("close"))
    if entry.bonus and entry.asset is not None:
        _fill_money(transaction.bonus_part, entry.bonus, entry.asset)
    if jackpot := details.get("jackpot"):
        transaction.jackpot_part.currency_code, transaction.jackpot_part.amount = jackpot


_REASONED = frozenset({Outcome.LIMIT_EXCEEDED, Outcome.COMPLIANCE_DENIED})
_INTENTS = frozenset(INTENT_KINDS.values())


def _state(entry: Entry) -> transaction_pb2.TransactionState.ValueType:
    if entry.kind is Kind.EARLY_WIN or entry.kind in _INTENTS:
        return transaction_pb2.TRANSACTION_STATE_UNKNOWN
    if entry.tombstone or entry.kind in LATE_KINDS:
        return transaction_pb2.TRANSACTION_STATE_TOMBSTONED
    if entry.outcome is Outcome.OK:
        return transaction_pb2.TRANSACTION_STATE_APPLIED
    if entry.outcome is Outcome.TOMBSTONED:
        return transaction_pb2.TRANSACTION_STATE_TOMBSTONED
    return transaction_pb2.TRANSACTION_STATE_REFUSED


def _codes(record: Mapping[str, Any]) -> Sequence[str]:
    """The reasons of a decision record, each code once."""
    return list(dict.fromkeys(reason["code"] for reason in record.get("reasons", [])))


def entry_message(entry: Entry, player: str, registry: Registry) -> transaction_pb2.Entry:
    """One row of the log on the wire."""
    message = transaction_pb2.Entry(
        shard=entry.shard,
        sequence=entry.sequence,
        operation=entry.operation,
        licensee_id=registry.licensees_by_id[entry.licensee_id].name,
        debit_account=entry.debit_id or 0,
        credit_account=entry.credit_id or 0,
        pack=entry.pack or "",
    )
    _fill_transaction(message.transaction, entry, player, registry)
    if entry.moved and entry.asset is not None:
        _fill_money(message.moved, entry.moved, entry.asset)
        _fill_money(message.debit_balance, entry.debit_after or 0, entry.asset)
        _fill_money(message.credit_balance, entry.credit_after or 0, entry.asset)
    if entry.decision_json:
        message.pack_digest = pack_digest(entry.decision_json)
        message.decision_json = entry.decision_json
    message.end_reason = end_reason(entry)
    return message
