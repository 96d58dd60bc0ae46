"""Corrections of bets and wins, in cash only; large ones by hand need two people."""

import hashlib

import orjson

from mesh.money import AmountError, to_minor
from wallet_svc.domain import cancels, sources
from wallet_svc.domain.commands import Adjust, ApproveAdjustment, MoneyText, ProposeAdjustment
from wallet_svc.domain.fingerprint import fingerprint, plain_value
from wallet_svc.domain.scene import Decided, Scene, answer, minor, replay
from wallet_svc.domain.state import Asset, Entry
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome


def adjust(scene: Scene, action: Adjust) -> Decided:
    """Correct an accepted bet or win (money/FORMAT rule 15)."""
    known = scene.stored(Kind.ADJUST, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.ADJUST, Outcome.OK)
    entry.outcome = _check(scene, action, entry)
    if entry.outcome is Outcome.OK and _needs_approval(scene, entry):
        entry.outcome, entry.moved, entry.debit, entry.credit = Outcome.APPROVAL_NEEDED, 0, None, None
    return answer(entry)


def _check(scene: Scene, action: Adjust, entry: Entry) -> Outcome:
    entry.reference = action.ref_key
    entry.details = {"of": action.ref_kind.value}
    if action.reason:
        entry.details["reason"] = action.reason
    if refusal := _check_reference(scene, action, entry):
        return refusal
    if refusal := _check_amount(scene, action, entry):
        return refusal
    return _book(scene, entry)


def _check_reference(scene: Scene, action: Adjust, entry: Entry) -> Outcome | None:
    """The transaction that is corrected: accepted, and not undone."""
    source_id = scene.registry.sources.get(action.ref_source, 0) if action.ref_source else scene.source_id
    stored = scene.player.keys.get((source_id, action.ref_kind, action.ref_key))
    if stored is not None and stored.tombstone:
        return Outcome.ALREADY_ROLLED_BACK
    if stored is None or stored.outcome is not Outcome.OK:
        return Outcome.ORIGINAL_NOT_FOUND
    entry.round, entry.game = stored.round, stored.game
    if source_id != scene.source_id and entry.details is not None:
        # Its round is another source's: a round of this one may have the same name.
        entry.round = None
        entry.details["source"] = action.ref_source
    there = Scene(scene.player, scene.command, scene.registry, source_id, scene.now_us)
    alive = cancels.booking_of(there, stored) if action.ref_kind is Kind.BET else _undoable(scene, stored)
    return Outcome.ALREADY_ROLLED_BACK if alive is None else None


def _undoable(scene: Scene, stored: Entry) -> int | None:
    return scene.player.undoable(stored.sequence)


def _check_amount(scene: Scene, action: Adjust, entry: Entry) -> Outcome | None:
    asset = scene.asset(action.money.currency)
    if asset is None or not scene.player.has_account(asset.id):
        return Outcome.CURRENCY_MISMATCH
    entry.asset = asset
    amount = minor(action.money, asset)
    if not amount:
        return Outcome.AMOUNT_INVALID
    entry.amount = amount
    return None


def _book(scene: Scene, entry: Entry) -> Outcome:
    asset, amount = entry.asset, entry.amount or 0
    if asset is None:
        raise ValueError("the asset is known")
    parts = sources.Parts(abs(amount))
    if amount > 0:
        if not sources.fits(scene.player, asset, parts):
            return Outcome.AMOUNT_INVALID
        sources.credit(entry, parts, AccountClass.GAMING)
        return Outcome.OK
    if stopped := sources.stops_debits(scene, asset):
        return stopped
    if not sources.has(scene.player, asset, parts):
        return Outcome.INSUFFICIENT_FUNDS
    sources.debit(entry, parts, AccountClass.GAMING)
    return Outcome.OK


def _needs_approval(scene: Scene, entry: Entry) -> bool:
    """Whether it is by hand, which is what a provider's own corrections are not, and large."""
    tenant = scene.player.licensee
    if (tenant.id, scene.source_id) in scene.registry.providers or entry.asset is None:
        return False
    threshold = dict(tenant.thresholds).get(entry.asset.code)
    return threshold is not None and abs(entry.amount or 0) > _threshold(threshold, entry.asset)


def _threshold(text: str, asset: Asset) -> int:
    """A threshold that the asset cannot express lets nothing pass alone."""
    try:
        return to_minor(text, asset.exponent)
    except AmountError:
        return 0


def propose(scene: Scene, action: ProposeAdjustment) -> Decided:
    """Store a correction that waits for a second person."""
    known = scene.stored(Kind.PROPOSE_ADJUSTMENT, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.PROPOSE_ADJUSTMENT, Outcome.OK)
    wanted = action.adjustment
    entry.reference = wanted.ref_key
    entry.outcome = _check_amount(scene, wanted, entry) or Outcome.OK
    entry.details = {
        "adjust": {
            "of": wanted.ref_kind.value,
            "key": wanted.ref_key,
            "source": wanted.ref_source,
            "money": [wanted.money.currency, wanted.money.amount],
            "reason": wanted.reason,
        },
        "by": action.proposed_by,
        "hash": payload_hash(scene, wanted),
    }
    return answer(entry)


def payload_hash(scene: Scene, wanted: Adjust) -> str:
    """SHA-256 of everything that a correction does: for whom, what, how much, and why."""
    content = (
        scene.player.licensee.name,
        scene.player.name,
        scene.command.source,
        wanted.ref_kind.name,
        wanted.ref_source or scene.command.source,
        wanted.ref_key,
        wanted.money.currency,
        plain_value(wanted.money.amount),
        wanted.reason,
    )
    return hashlib.sha256(orjson.dumps(content)).hexdigest()


def approve(scene: Scene, action: ApproveAdjustment) -> Decided:
    """Book a proposed correction, once, on the word of another person about the same content."""
    known = scene.stored(Kind.APPROVE_ADJUSTMENT, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.APPROVE_ADJUSTMENT, Outcome.OK)
    entry.reference, entry.details = action.proposal_key, {"by": action.approved_by}
    proposal = scene.stored(Kind.PROPOSE_ADJUSTMENT, action.proposal_key)
    if proposal is None or proposal.outcome is not Outcome.OK or proposal.details is None:
        entry.outcome = Outcome.ORIGINAL_NOT_FOUND
        return answer(entry)
    entry.asset = proposal.asset
    same_person = _person(proposal.details["by"]) == _person(action.approved_by)
    if same_person or proposal.details["hash"] != action.payload_hash:
        entry.outcome = Outcome.APPROVAL_INVALID
        return answer(entry)
    if scene.stored(Kind.ADJUST, action.proposal_key) is not None:
        return Decided(entry, (entry,), replayed=True)
    return _carry_out(scene, entry, proposal)


def _person(name: str) -> str:
    return name.strip().casefold()


def _carry_out(scene: Scene, entry: Entry, proposal: Entry) -> Decided:
    """The correction has the proposal's key, so that it is booked once whoever approves."""
    wanted = proposed(proposal)
    row = Entry(Kind.ADJUST, scene.source_id, proposal.key, Outcome.OK, fingerprint(wanted), apart=True)
    row.request_id = entry.request_id
    entry.outcome = row.outcome = _check(scene, wanted, row)
    entry.amount = row.amount
    if row.outcome is not Outcome.OK:
        return answer(entry)
    entry.apart = True
    return Decided(entry, (row, entry))


def proposed(proposal: Entry) -> Adjust:
    """The correction of a stored proposal."""
    told = (proposal.details or {})["adjust"]
    return Adjust(
        ref_kind=Kind(told["of"]),
        ref_key=told["key"],
        ref_source=told["source"],
        money=MoneyText(*told["money"]),
        reason=told["reason"],
    )
