"""Freezing and closing a currency account, and undoing that. Decided here, and enforced by the database as well."""

from wallet_svc.domain.commands import SetStanding
from wallet_svc.domain.scene import Decided, Scene, answer, replay
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome

_KEPT = (AccountClass.CASH, AccountClass.HELD, AccountClass.BONUS, AccountClass.RECEIVABLE)
SETS = frozenset({Kind.FREEZE_ACCOUNT, Kind.CLOSE_ACCOUNT})
"""Kinds that stop something; the others let it pass again."""


def set_standing(scene: Scene, action: SetStanding) -> Decided:
    """Stop something for one account, or let it pass again. What is so already stays so."""
    known = scene.stored(action.kind, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(action.kind, Outcome.OK)
    entry.details = {"what": action.what.value}
    if action.reason:
        entry.details["reason"] = action.reason
    asset = scene.asset(action.currency)
    if asset is None or not scene.player.has_account(asset.id):
        entry.outcome = Outcome.CURRENCY_MISMATCH
        return answer(entry)
    entry.asset = asset
    if action.kind is Kind.CLOSE_ACCOUNT and any(scene.player.balance(asset.id, kept) for kept in _KEPT):
        entry.outcome = Outcome.ACCOUNT_NOT_EMPTY
    return answer(entry)
