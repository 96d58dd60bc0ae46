"""Game wallets: money that a licensee moves in for a player to play with, and out again. Pure.

A transfer is no deposit and no withdrawal. Those are made at the licensee, which keeps the rest of the player's money, and so a transfer
counts towards no limit of deposits. Nobody gets money in who may not put money in at all: the law is asked for a deposit of nothing.
"""

from wallet_svc.domain import law, sources
from wallet_svc.domain.commands import TransferIn, TransferOut
from wallet_svc.domain.scene import Decided, Scene, answer, minor, replay
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome


def transfer_in(scene: Scene, action: TransferIn) -> Decided:
    """Book money of the licensee into the player's cash."""
    known = scene.stored(Kind.TRANSFER_IN, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.TRANSFER_IN, Outcome.OK)
    entry.outcome = _check_asset(scene, action.money.currency, entry) or _check_in(scene, action, entry)
    return answer(entry)


def _check_asset(scene: Scene, currency: str, entry: Entry) -> Outcome | None:
    if not scene.player.licensee.game_wallet:
        return Outcome.REQUEST_INVALID
    asset = scene.asset(currency)
    if asset is None or not scene.player.has_account(asset.id):
        return Outcome.CURRENCY_MISMATCH
    entry.asset = asset
    return None


def _check_in(scene: Scene, action: TransferIn, entry: Entry) -> Outcome:
    asset = entry.asset
    if asset is None:
        raise ValueError("the asset is known")
    amount = minor(action.money, asset)
    if amount is None or amount <= 0:
        return Outcome.AMOUNT_INVALID
    entry.amount = amount
    if stopped := sources.stops_waiting_credits(scene, asset):
        return stopped
    if not sources.fits(scene.player, asset, sources.Parts(amount)):
        return Outcome.AMOUNT_INVALID
    if sources.passes_cap(scene, asset, AccountClass.CASH, amount):
        return Outcome.AMOUNT_INVALID
    entry.decision = law.about_transfer_in(scene, asset)
    if refusal := law.refusal_of(entry):
        return refusal
    sources.post(
        entry, [(sources.of_house(entry, AccountClass.OUTSIDE), sources.own(entry, AccountClass.CASH), amount)]
    )
    return Outcome.OK


def transfer_out(scene: Scene, action: TransferOut) -> Decided:
    """Book the player's cash back to the licensee: an amount, or all that is free. What is staked or held stays."""
    known = scene.stored(Kind.TRANSFER_OUT, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.TRANSFER_OUT, Outcome.OK)
    entry.outcome = _check_asset(scene, action.currency, entry) or _check_out(scene, action, entry)
    return answer(entry)


def _check_out(scene: Scene, action: TransferOut, entry: Entry) -> Outcome:
    asset = entry.asset
    if asset is None:
        raise ValueError("the asset is known")
    free = scene.player.balance(asset.id, AccountClass.CASH)
    amount = free if action.money is None else minor(action.money, asset)
    if amount is None or amount < 0 or (not amount and action.money is not None):
        return Outcome.AMOUNT_INVALID
    entry.amount = amount
    if stopped := sources.stops_debits(scene, asset):
        return stopped
    if amount > free:
        return Outcome.INSUFFICIENT_FUNDS
    if law.is_frozen(scene.player):
        entry.decision = law.about_withdrawal(scene, asset, amount)
        if refusal := law.refusal_of(entry):
            return refusal
    sources.post(
        entry, [(sources.own(entry, AccountClass.CASH), sources.of_house(entry, AccountClass.OUTSIDE), amount)]
    )
    return Outcome.OK
