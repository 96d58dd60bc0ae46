"""The end of an intent: what the licensee's wallet answered, and what is booked because of it. Pure."""

from dataclasses import replace

from wallet_svc.domain import mirror, sources
from wallet_svc.domain.adjusting import proposed
from wallet_svc.domain.commands import Conclude, RollbackList
from wallet_svc.domain.fingerprint import fingerprint
from wallet_svc.domain.reversals import rollback_list
from wallet_svc.domain.scene import Decided, Scene
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import (
    INTENT_KINDS,
    AccountClass,
    Case,
    Kind,
    Outcome,
    OutcomeClass,
    class_of,
)

_HOUSE = {
    Kind.BET: AccountClass.GAMING,
    Kind.TIP: AccountClass.TIPS,
    Kind.REVERSE_WIN: AccountClass.GAMING,
    Kind.ADJUST: AccountClass.GAMING,
}


def conclude(scene: Scene, action: Conclude) -> Decided:
    """End an intent with what the licensee's wallet answered. What is concluded already stays as it is."""
    open_ = scene.player.mirror.intent
    intent = scene.stored(INTENT_KINDS[action.of], action.ref)
    if open_ is None or open_.sequence != action.intent or intent is None:
        stored = scene.stored(action.of, action.ref)
        if stored is None:
            return Decided(scene.entry(action.of, Outcome.UNKNOWN))
        return Decided(stored, replayed=True)
    rows = _rows(scene, intent, action)
    row = rows[-1]
    if action.their_outcome:
        row.details = {**(row.details or {}), "licensee_outcome": action.their_outcome}
    entry = scene.entry(Kind.CONCLUDE, Outcome.OK)
    entry.asset, entry.reference = intent.asset, intent.key
    entry.details = {
        "intent": intent.sequence,
        "of": action.of.value,
        **mirror.said(scene, action, intent.asset),
    }
    if row.outcome is Outcome.OK:
        entry.amount = entry.moved = intent.amount or 0
        entry.debit = sources.of_house(entry, AccountClass.OUTSIDE)
        entry.credit = sources.own(entry, AccountClass.CASH)
    elif action.undo or action.outcome is Outcome.OK:
        entry.details["undo"] = True
    return Decided(row, (entry, *rows))


def _rows(scene: Scene, intent: Entry, action: Conclude) -> tuple[Entry, ...]:
    """What is booked or refused under the action's key, which the last row has."""
    if action.outcome is not Outcome.OK:
        return (_refused(intent, action.of, action.outcome),)
    if action.of is Kind.ROLLBACK_LIST:
        return _list(scene, intent)
    if action.of is Kind.APPROVE_ADJUSTMENT:
        return _approval(scene, intent)
    row = _row(intent, action.of, Outcome.OK)
    row.undoes = (intent.details or {}).get("undoes")
    kind = Kind((row.details or {}).get("of", Kind.BET)) if row.kind is Kind.UNDO_ROLLBACK else row.kind
    sources.debit(row, sources.Parts(intent.amount or 0), _HOUSE[kind])
    if row.kind is Kind.ADJUST:
        row.amount = -(intent.amount or 0)
    return (row,)


def _row(intent: Entry, of: Kind, outcome: Outcome) -> Entry:
    """The action itself, as it was decided when it was intended."""
    row = Entry(of, intent.source_id, intent.key, outcome, intent.fingerprint, apart=True)
    row.asset, row.amount, row.round, row.game = intent.asset, intent.amount, intent.round, intent.game
    row.session, row.reference, row.pack, row.request_id = (
        intent.session,
        intent.reference,
        intent.pack,
        intent.request_id,
    )
    row.details = {name: value for name, value in (intent.details or {}).items() if name != "undoes"}
    row.details["intent"] = intent.sequence
    return row


def _refused(intent: Entry, of: Kind, outcome: Outcome) -> Entry:
    row = _row(intent, of, outcome)
    row.limit = None
    if of is Kind.ROLLBACK_LIST and row.details is not None:
        row.details["items"] = [[kind, key, Outcome.NOT_APPLIED.value] for kind, key, _ in row.details["items"]]
    if of in (Kind.REVERSE_WIN, Kind.ROLLBACK_LIST) and outcome is Outcome.INSUFFICIENT_FUNDS:
        row.case = Case.REVERSAL_SHORTFALL
    return row


def _list(scene: Scene, intent: Entry) -> tuple[Entry, ...]:
    """The list, decided on what is there now. If that is another sum than was taken, it is refused and given back."""
    action = RollbackList(items=tuple((Kind(kind), key) for kind, key, _ in (intent.details or {})["items"]))
    asked = replace(scene.command, key=intent.key or "", action=action, request_id=intent.request_id)
    decided = rollback_list(Scene(scene.player, asked, scene.registry, scene.source_id, scene.now_us), action)
    outcome, total = decided.entry.outcome, mirror.sum_of(decided)
    if outcome is not Outcome.OK or total != -(intent.amount or 0):
        refused = class_of(outcome) is OutcomeClass.REJECT
        return (_refused(intent, Kind.ROLLBACK_LIST, outcome if refused else Outcome.NOT_APPLIED),)
    mirror.as_one_sum(decided, total)
    decided.entry.details = {**(decided.entry.details or {}), "intent": intent.sequence}
    decided.entry.round, decided.entry.game = intent.round, intent.game
    return decided.new


def _approval(scene: Scene, intent: Entry) -> tuple[Entry, ...]:
    """The correction under the proposal's key, then the approval."""
    proposal_key = intent.reference or ""
    proposal = scene.stored(Kind.PROPOSE_ADJUSTMENT, proposal_key)
    if proposal is None or scene.stored(Kind.ADJUST, proposal_key) is not None:
        return (_refused(intent, Kind.APPROVE_ADJUSTMENT, Outcome.NOT_APPLIED),)
    wanted = proposed(proposal)
    row = _row(intent, Kind.ADJUST, Outcome.OK)
    row.key, row.fingerprint, row.reference = proposal_key, fingerprint(wanted), wanted.ref_key
    row.details = {"of": wanted.ref_kind.value}
    if wanted.reason:
        row.details["reason"] = wanted.reason
    if wanted.ref_source and wanted.ref_source != scene.command.source:
        row.details["source"] = wanted.ref_source
    sources.debit(row, sources.Parts(intent.amount or 0), AccountClass.GAMING)
    approval = _row(intent, Kind.APPROVE_ADJUSTMENT, Outcome.OK)
    approval.round = approval.game = None
    row.amount = approval.amount = -(intent.amount or 0)
    return row, approval
