"""Deposits, and withdrawals as holds: reserve, capture in parts, release the rest."""

from wallet_svc.domain import law, sources
from wallet_svc.domain.commands import Capture, Deposit, Expire, Hold, MoneyText, Release
from wallet_svc.domain.scene import Decided, Scene, answer, minor, replay
from wallet_svc.domain.state import AccountName, Entry, HeldMoney
from wallet_svc.domain.vocabulary import MAX_MINOR, AccountClass, HoldState, Kind, Outcome


def deposit(scene: Scene, action: Deposit) -> Decided:
    """Book confirmed money into cash, within the player's limits."""
    known = scene.stored(Kind.DEPOSIT, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.DEPOSIT, Outcome.OK)
    if scene.player.licensee.game_wallet:
        entry.outcome = Outcome.REQUEST_INVALID
        return answer(entry)
    entry.outcome = _check_amount(scene, action.money, entry) or _check_deposit(scene, action, entry)
    return answer(entry)


def _check_deposit(scene: Scene, action: Deposit, entry: Entry) -> Outcome:
    asset, amount = entry.asset, entry.amount
    if asset is None or amount is None:
        return Outcome.CURRENCY_MISMATCH
    if stopped := sources.stops_waiting_credits(scene, asset):
        return stopped
    if not sources.fits(scene.player, asset, sources.Parts(amount)):
        return Outcome.AMOUNT_INVALID
    if sources.passes_cap(scene, asset, AccountClass.CASH, amount):
        return Outcome.AMOUNT_INVALID
    entry.decision = law.about_deposit(scene, action, entry)
    law.note_register(entry, action.answers, scene.player)
    if refusal := law.refusal_of(entry):
        return refusal
    law.keep_change(entry)
    _move(entry, AccountClass.OUTSIDE, AccountClass.CASH, scene.source_id, amount)
    return Outcome.OK


def hold(scene: Scene, action: Hold) -> Decided:
    """Move available cash to held. Limits and blocks do not matter: it is the player's money."""
    known = scene.stored(Kind.HOLD, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.HOLD, Outcome.OK)
    if scene.player.licensee.game_wallet:
        entry.outcome = Outcome.REQUEST_INVALID
        return answer(entry)
    if action.expires_in_us is not None:
        entry.details = {"expires_us": scene.now_us + action.expires_in_us}
    entry.outcome = (
        _check_amount(scene, action.money, entry) or _check_tolerance(action, entry) or _check_hold(scene, entry)
    )
    return answer(entry)


def _check_tolerance(action: Hold, entry: Entry) -> Outcome | None:
    """What captures may take beyond the hold, in the hold's own currency."""
    if action.tolerance is None or entry.asset is None:
        return None
    if action.tolerance.currency != entry.asset.code:
        return Outcome.CURRENCY_MISMATCH
    tolerance = minor(action.tolerance, entry.asset)
    if tolerance is None or tolerance < 0:
        return Outcome.AMOUNT_INVALID
    entry.details = {**(entry.details or {}), "tolerance": tolerance}
    return None


def _check_hold(scene: Scene, entry: Entry) -> Outcome:
    asset, amount = entry.asset, entry.amount
    if asset is None or amount is None:
        return Outcome.CURRENCY_MISMATCH
    if stopped := sources.stops_debits(scene, asset):
        return stopped
    if amount > scene.player.balance(asset.id, AccountClass.CASH):
        return Outcome.INSUFFICIENT_FUNDS
    if scene.player.balance(asset.id, AccountClass.HELD) + amount > MAX_MINOR:
        return Outcome.AMOUNT_INVALID
    if law.is_frozen(scene.player):
        entry.decision = law.about_withdrawal(scene, asset, amount)
        if refusal := law.refusal_of(entry):
            return refusal
    _move(entry, AccountClass.CASH, AccountClass.HELD, 0, amount)
    return Outcome.OK


def capture(scene: Scene, action: Capture) -> Decided:
    """Let held money leave: a part, or all that is left."""
    known = scene.stored(Kind.CAPTURE, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.CAPTURE, Outcome.OK)
    entry.reference = action.hold_key
    held = scene.player.holds.get((scene.source_id, action.hold_key))
    entry.outcome = _check_capture(scene, action, entry, held)
    return answer(entry)


def _check_capture(scene: Scene, action: Capture, entry: Entry, held: HeldMoney | None) -> Outcome:
    if held is None:
        return Outcome.ORIGINAL_NOT_FOUND
    entry.asset = held.asset
    if action.money is not None and action.money.currency != held.asset.code:
        return Outcome.CURRENCY_MISMATCH
    amount = held.left if action.money is None else minor(action.money, held.asset)
    if action.money is not None and (amount is None or amount <= 0):
        return Outcome.AMOUNT_INVALID
    if _ended(scene, held):
        return Outcome.HOLD_ENDED
    entry.amount = amount or 0
    return _take_held(scene, entry, held)


def _take_held(scene: Scene, entry: Entry, held: HeldMoney) -> Outcome:
    amount = entry.amount or 0
    if amount > held.left + held.tolerance:
        entry.amount = None
        return Outcome.HOLD_EXCEEDED
    if amount > held.left:
        return _capture_beyond(scene, entry, held)
    _move(entry, AccountClass.HELD, AccountClass.OUTSIDE, scene.source_id, amount)
    return Outcome.OK


def _capture_beyond(scene: Scene, entry: Entry, held: HeldMoney) -> Outcome:
    """Take all that is left of the hold, and the rest from available cash."""
    beyond = (entry.amount or 0) - held.left
    if stopped := sources.stops_debits(scene, held.asset):
        return stopped
    if beyond > scene.player.balance(held.asset.id, AccountClass.CASH):
        return Outcome.INSUFFICIENT_FUNDS
    entry.details = {"beyond": beyond}
    outside = sources.of_house(entry, AccountClass.OUTSIDE)
    sources.post(
        entry,
        [
            (sources.own(entry, AccountClass.HELD), outside, held.left),
            (sources.own(entry, AccountClass.CASH), outside, beyond),
        ],
    )
    return Outcome.OK


def release(scene: Scene, action: Release) -> Decided:
    """Give back all that is left and end the hold."""
    known = scene.stored(Kind.RELEASE, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.RELEASE, Outcome.OK)
    entry.reference = action.hold_key
    held = scene.player.holds.get((scene.source_id, action.hold_key))
    if held is None:
        entry.outcome = Outcome.ORIGINAL_NOT_FOUND
        return answer(entry)
    entry.asset = held.asset
    if _ended(scene, held):
        entry.outcome = Outcome.HOLD_ENDED
        return answer(entry)
    if not _fits(scene, held):
        entry.outcome = Outcome.AMOUNT_INVALID
        return answer(entry)
    if action.by_player:
        entry.decision = law.about_cancelled_withdrawal(scene, held)
        if refusal := law.refusal_of(entry):
            entry.outcome = refusal
            return answer(entry)
    _give_back(entry, held)
    return answer(entry)


def expire(scene: Scene, action: Expire) -> Decided:
    """Release what is left of a hold whose time is over. Too early, or ended: nothing happens."""
    entry = scene.entry(Kind.EXPIRE, Outcome.OK)
    entry.reference = action.hold_key
    held = scene.player.holds.get((scene.source_id, action.hold_key))
    due = held is not None and held.state is HoldState.ACTIVE and _ended(scene, held) and _fits(scene, held)
    if held is None or not due:
        entry.outcome = Outcome.HOLD_ENDED
        return Decided(entry)
    entry.asset = held.asset
    _give_back(entry, held)
    return answer(entry)


def _give_back(entry: Entry, held: HeldMoney) -> None:
    entry.amount = held.left
    _move(entry, AccountClass.HELD, AccountClass.CASH, 0, held.left)


def _fits(scene: Scene, held: HeldMoney) -> bool:
    """Whether cash can take what is left. No account of a player may pass the largest balance."""
    return scene.player.balance(held.asset.id, AccountClass.CASH) + held.left <= MAX_MINOR


def _ended(scene: Scene, held: HeldMoney) -> bool:
    over = held.expires_us is not None and scene.now_us >= held.expires_us
    return over or held.state is not HoldState.ACTIVE


def _check_amount(scene: Scene, money: MoneyText, entry: Entry) -> Outcome | None:
    asset = scene.asset(money.currency)
    if asset is None or not scene.player.has_account(asset.id):
        return Outcome.CURRENCY_MISMATCH
    entry.asset = asset
    amount = minor(money, asset)
    if amount is None or amount <= 0:
        return Outcome.AMOUNT_INVALID
    entry.amount = amount
    return None


def _move(entry: Entry, debit: AccountClass, credit: AccountClass, source_id: int, amount: int) -> None:
    asset = entry.asset
    if asset is None:
        raise ValueError("a posting needs an asset")
    entry.debit = AccountName(asset.id, debit, source_id if debit > AccountClass.HOUSE else 0)
    entry.credit = AccountName(asset.id, credit, source_id if credit > AccountClass.HOUSE else 0)
    entry.moved = amount
