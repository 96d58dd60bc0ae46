"""Credits without a bet: promotions, prizes, jackpots and free rounds."""

from wallet_svc.domain import sources
from wallet_svc.domain.commands import Credit, FreeRound, MoneyText
from wallet_svc.domain.scene import Decided, Scene, answer, minor, replay
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome

_HOUSE = {
    Kind.PROMO: AccountClass.PROMOTIONS,
    Kind.TOURNAMENT: AccountClass.PROMOTIONS,
    Kind.JACKPOT: AccountClass.JACKPOTS,
}


def credit(scene: Scene, action: Credit) -> Decided:
    """Pay a credit that needs no bet, no session and no open round."""
    known = scene.stored(action.kind, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(action.kind, Outcome.OK)
    entry.round, entry.session = action.round or None, action.session
    entry.details = {"reason": action.reason} if action.reason else None
    entry.outcome = check_target(scene, action.money, entry, least=1) or _check_credit(scene, action, entry)
    return answer(entry)


def _check_credit(scene: Scene, action: Credit, entry: Entry) -> Outcome:
    asset, amount = entry.asset, entry.amount or 0
    if asset is None:
        raise ValueError("the asset is known")
    if action.kind is not Kind.JACKPOT:
        if stopped := sources.stops_waiting_credits(scene, asset):
            return stopped
        if sources.passes_cap(scene, asset, action.to, amount):
            return Outcome.AMOUNT_INVALID
    return _pay(scene, entry, action.to, _HOUSE[action.kind])


def free_round(scene: Scene, action: FreeRound) -> Decided:
    """Pay a spin or a total, whichever pays for this grant; the other is recorded only (money/FORMAT rule 14)."""
    known = scene.stored(action.kind, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(action.kind, Outcome.OK)
    entry.round, entry.session = action.round or None, action.session
    entry.details = {"grant": action.grant}
    outcome = check_target(scene, action.money, entry, least=0)
    if outcome is not None:
        entry.outcome = outcome
        return answer(entry)
    mark, per_spin = _settlement(scene, action)
    if per_spin is (action.kind is Kind.FREE_ROUND_SPIN):
        entry.outcome = _pay(scene, entry, action.to, AccountClass.PROMOTIONS)
    if mark is None or entry.outcome is not Outcome.OK:
        return answer(entry)
    return Decided(entry, (entry, *entry.legs, mark))


def _settlement(scene: Scene, action: FreeRound) -> tuple[Entry | None, bool]:
    """What pays for a grant. Its first message fixes that, so that no grant is paid twice when the setting changes."""
    known = scene.stored(Kind.GRANT, action.grant)
    if known is not None:
        return None, bool((known.details or {})["per_spin"])
    per_spin = scene.flags().pays_per_spin
    mark = Entry(Kind.GRANT, scene.source_id, action.grant, Outcome.OK, details={"per_spin": per_spin})
    mark.request_id = scene.command.request_id
    return mark, per_spin


def check_target(scene: Scene, money: MoneyText, entry: Entry, *, least: int) -> Outcome | None:
    """Note asset and amount in the entry, or say what is wrong with them."""
    asset = scene.asset(money.currency)
    if asset is None or not scene.player.has_account(asset.id):
        return Outcome.CURRENCY_MISMATCH
    entry.asset = asset
    amount = minor(money, asset)
    if amount is None or amount < least:
        return Outcome.AMOUNT_INVALID
    entry.amount = amount
    return None


def _pay(scene: Scene, entry: Entry, to: AccountClass, house: AccountClass) -> Outcome:
    asset, amount = entry.asset, entry.amount or 0
    if asset is None:
        raise ValueError("the asset is known")
    # What of its own money is bonus is a question for a licensee's own wallet.
    to_bonus = to is AccountClass.BONUS and not scene.player.licensee.mirrored
    parts = sources.Parts(0, amount) if to_bonus else sources.Parts(amount)
    if not sources.fits(scene.player, asset, parts):
        return Outcome.AMOUNT_INVALID
    sources.credit(entry, parts, house)
    return Outcome.OK
