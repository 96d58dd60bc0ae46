"""Limits, exclusions and breaks, in the same log as the money, so that they are ordered with bets."""

from collections.abc import Callable
from typing import Any

from compliance_svc import kernel
from wallet_svc.domain import law
from wallet_svc.domain.commands import (
    ApproveReinstatement,
    CancelPendingLimit,
    ConfirmLimit,
    Exclude,
    LeaveForGood,
    RequestReinstatement,
    SetLimit,
    TakeBreak,
)
from wallet_svc.domain.scene import Decided, Scene, answer, minor, replay
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import Kind, Outcome


def set_limit(scene: Scene, action: SetLimit) -> Decided:
    """Set or change a limit: a decrease at once, an increase when the pack says."""
    known = scene.stored(Kind.SET_LIMIT, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.SET_LIMIT, Outcome.OK)
    if action.money is None:
        entry.details = {"seconds": action.seconds}
        return _limit(scene, action, entry, action.seconds or 0)
    asset = scene.asset(action.money.currency)
    if asset is None or not scene.player.has_account(asset.id):
        entry.outcome = Outcome.CURRENCY_MISMATCH
        return answer(entry)
    entry.asset, entry.amount = asset, minor(action.money, asset)
    if entry.amount is None or entry.amount < 0:
        entry.amount, entry.outcome = None, Outcome.AMOUNT_INVALID
        return answer(entry)
    return _limit(scene, action, entry, entry.amount)


def _limit(scene: Scene, action: SetLimit, entry: Entry, amount: int) -> Decided:
    asset = entry.asset
    try:
        question = kernel.SetLimit(
            limit_kind=kernel.LimitKind(action.limit),
            window=kernel.Window(action.window),
            amount_minor=amount,
            currency="" if asset is None else asset.code,
            exponent=None if asset is None else asset.exponent,
            by_licensee=action.by_licensee,
        )
    except ValueError:
        entry.outcome = Outcome.REQUEST_INVALID
        return answer(entry)
    return _protect(scene, entry, question)


def change_limit(scene: Scene, action: ConfirmLimit | CancelPendingLimit) -> Decided:
    """Confirm a ripe increase, or withdraw a pending one."""
    if isinstance(action, CancelPendingLimit):
        return _standing(scene, Kind.CANCEL_PENDING_LIMIT, lambda: kernel.CancelPendingLimit(**_named(action)))
    by_licensee = action.by_licensee
    return _standing(scene, Kind.CONFIRM_LIMIT, lambda: kernel.ConfirmLimit(**_named(action), by_licensee=by_licensee))


def _named(action: ConfirmLimit | CancelPendingLimit) -> dict[str, Any]:
    return {"limit_kind": kernel.LimitKind(action.limit), "window": kernel.Window(action.window)}


def exclude(scene: Scene, action: Exclude) -> Decided:
    """Exclude the player at once."""
    return _standing(scene, Kind.EXCLUDE, lambda: kernel.Exclude(term=action.term))


def take_break(scene: Scene, action: TakeBreak) -> Decided:
    """Start a break that ends by itself."""
    return _standing(scene, Kind.TAKE_BREAK, lambda: kernel.TakeBreak(term=action.term))


def request_reinstatement(scene: Scene, action: RequestReinstatement) -> Decided:
    """Ask for the end of an exclusion."""
    del action
    return _standing(scene, Kind.REQUEST_REINSTATEMENT, kernel.RequestReinstatement)


def approve_reinstatement(scene: Scene, action: ApproveReinstatement) -> Decided:
    """Agree to a return."""
    del action
    return _standing(scene, Kind.APPROVE_REINSTATEMENT, kernel.ApproveReinstatement)


def leave_for_good(scene: Scene, action: LeaveForGood) -> Decided:
    """Close the account at the player's wish."""
    del action
    return _standing(scene, Kind.LEAVE_FOR_GOOD, kernel.CloseAccount)


def _standing(scene: Scene, kind: Kind, make: Callable[[], kernel.Protective]) -> Decided:
    known = scene.stored(kind, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(kind, Outcome.OK)
    try:
        question = make()
    except ValueError:
        entry.outcome = Outcome.REQUEST_INVALID
        return answer(entry)
    return _protect(scene, entry, question)


def _protect(scene: Scene, entry: Entry, question: kernel.Protective) -> Decided:
    entry.decision = law.about_protection(scene, question)
    entry.outcome = law.refusal_of(entry) or Outcome.OK
    changed = entry.decision.protection
    if changed is not None:
        entry.details = {**(entry.details or {}), "protection": changed.to_json()}
    return answer(entry)
