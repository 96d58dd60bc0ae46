"""Answers and stored entries on the wire."""

from collections.abc import Sequence
from typing import Any

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.money import to_text
from pitboss.type.v1 import decision_pb2, money_pb2
from pitboss.wallet.v1 import action_pb2, transaction_pb2
from wallet_svc.domain.backdating import effective_us
from wallet_svc.domain.state import Asset, Entry, Registry
from wallet_svc.domain.vocabulary import INTENT_KINDS, LATE_KINDS, Kind, Outcome, RoundState, class_of
from wallet_svc.engine import Answer

# Looked up for every answer: an enum computes its value anew each time that it is asked.
_ON_THE_WIRE: dict[Outcome, tuple[Any, Any]] = {
    outcome: (outcome.value, class_of(outcome).value) for outcome in Outcome
}
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


def timestamp(moment_us: int) -> Timestamp:
    """A moment on the wire."""
    seconds, micros = divmod(moment_us, 1_000_000)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


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
_MONEY_KINDS = frozenset({Kind.BET, Kind.DEPOSIT, Kind.TIP})


def worth_telling(entry: Entry) -> bool:
    """A decision is sent along unless it simply let money pass."""
    if entry.pack is None:
        return False
    if entry.kind not in _MONEY_KINDS or entry.outcome in (Outcome.LIMIT_EXCEEDED, Outcome.COMPLIANCE_DENIED):
        return True
    return entry.decision_json is not None and _DUTIES in entry.decision_json


def decision_of(entry: Entry) -> decision_pb2.Decision:
    """The decision of an entry, from its record: the same for the first answer and for every replay."""
    record: dict[str, Any] = orjson.loads(entry.decision_json or "{}")
    decision = decision_pb2.Decision(
        decision_id=f"{entry.shard}-{entry.sequence}" if entry.sequence else "",
        verdict=decision_pb2.Verdict.Value("VERDICT_" + record.get("verdict", "UNSPECIFIED")),
        reasons=list(dict.fromkeys(reason["code"] for reason in record.get("reasons", []))),
        obligations=record.get("obligations", []),
        pack=entry.pack or "",
        pack_digest=record.get("pack_digest", ""),
        kernel_version=record.get("kernel", ""),
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
    kind = LATE_KINDS.get(entry.kind, entry.kind)
    details = entry.details or {}
    transaction = transaction_pb2.Transaction(
        transaction_id=f"{entry.shard}-{entry.sequence}",
        player_id=player,
        source=registry.source_names.get(entry.source_id, ""),
        kind=kind.value,  # type: ignore[arg-type]
        transaction_key=entry.key or "",
        state=_state(entry),
        outcome=entry.outcome.value,  # type: ignore[arg-type]
        rolled_back=rolled_back,
        round_id=entry.round or "",
        game_id=entry.game or "",
        session_id=entry.session or "",
        reference_key=entry.reference or "",
        request_id=entry.request_id,
        reasons=_reasons(entry),
        reference_kind=details.get("of", 0) if entry.reference else 0,  # type: ignore[arg-type]
        grant_id=details.get("grant", ""),
        closes_round=bool(details.get("close")),
    )
    transaction.record_time.CopyFrom(timestamp(entry.recorded_us))
    if entry.asset is not None:
        if entry.amount is not None:
            transaction.amount.CopyFrom(money(entry.amount, entry.asset))
        if (available := available_of(entry)) is not None:
            transaction.balance_at_commit.CopyFrom(money(available, entry.asset))
    if (effective := effective_us(entry)) is not None:
        transaction.effective_time.CopyFrom(timestamp(effective))
    if entry.case is not None:
        transaction.opened_case = entry.case.value  # type: ignore[assignment]
    if entry.bonus and entry.asset is not None:
        transaction.bonus_part.CopyFrom(money(entry.bonus, entry.asset))
    jackpot = details.get("jackpot")
    if jackpot:
        transaction.jackpot_part.currency_code, transaction.jackpot_part.amount = jackpot
    return transaction


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


def _reasons(entry: Entry) -> Sequence[str]:
    if entry.outcome not in (Outcome.LIMIT_EXCEEDED, Outcome.COMPLIANCE_DENIED) or not entry.decision_json:
        return []
    record: dict[str, Any] = orjson.loads(entry.decision_json)
    return list(dict.fromkeys(reason["code"] for reason in record.get("reasons", [])))


def entry_message(entry: Entry, player: str, registry: Registry) -> transaction_pb2.Entry:
    """One row of the log on the wire."""
    message = transaction_pb2.Entry(
        shard=entry.shard,
        sequence=entry.sequence,
        operation=entry.operation,
        licensee_id=registry.licensees_by_id[entry.licensee_id].name,
        transaction=transaction_of(entry, player, registry, rolled_back=False),
        debit_account=entry.debit_id or 0,
        credit_account=entry.credit_id or 0,
        pack=entry.pack or "",
    )
    if entry.moved and entry.asset is not None:
        message.moved.CopyFrom(money(entry.moved, entry.asset))
        message.debit_balance.CopyFrom(money(entry.debit_after or 0, entry.asset))
        message.credit_balance.CopyFrom(money(entry.credit_after or 0, entry.asset))
    if entry.decision_json:
        record: dict[str, Any] = orjson.loads(entry.decision_json)
        message.pack_digest = record.get("pack_digest", "")
        message.decision_json = entry.decision_json
    return message
