"""Sub-balances: where a stake comes from, where a result goes, and the rows that say so.

One row moves money between two accounts. What touches more is several rows of one
operation: the first has key, outcome and amount, the others only what they move. How much of an
amount is bonus also stands in the details of the first row, so that it can be read alone.
"""

from typing import NamedTuple

from wallet_svc.domain.scene import Scene
from wallet_svc.domain.state import AccountName, Asset, Entry, Player, RoundBet
from wallet_svc.domain.vocabulary import MAX_MINOR, AccountClass, Outcome, StakeOrder, Standing


class Parts(NamedTuple):
    """An amount by sub-balance, in smallest units."""

    cash: int
    bonus: int = 0


def take(player: Player, asset: Asset, amount: int) -> Parts | None:
    """The parts of a stake, each source as far as it goes; None if they do not have it together."""
    if player.licensee.mirrored:
        return Parts(amount)
    cash, bonus = player.balance(asset.id, AccountClass.CASH), player.balance(asset.id, AccountClass.BONUS)
    if amount > cash + bonus:
        return None
    if player.licensee.stake_order is StakeOrder.BONUS_FIRST:
        from_bonus = min(amount, bonus)
    else:
        from_bonus = amount - min(amount, cash)
    return Parts(amount - from_bonus, from_bonus)


def share(amount: int, bets: list[RoundBet]) -> Parts:
    """A result in the proportion of its stakes; the unit that cannot be divided is cash (money/FORMAT rule 18)."""
    bonus = sum(bet.bonus for bet in bets)
    if not bonus:
        return Parts(amount)
    part = amount * bonus // sum(bet.amount for bet in bets)
    return Parts(amount - part, part)


def parts_of(entry: Entry) -> Parts:
    """The parts of an accepted stake or result."""
    return Parts((entry.amount or 0) - entry.bonus, entry.bonus)


def has(player: Player, asset: Asset, parts: Parts) -> bool:
    """Whether both sub-balances have their part. What a licensee's own wallet has, that wallet knows."""
    if player.licensee.mirrored:
        return True
    cash, bonus = player.balance(asset.id, AccountClass.CASH), player.balance(asset.id, AccountClass.BONUS)
    return parts.cash <= cash and parts.bonus <= bonus


def fits(player: Player, asset: Asset, parts: Parts) -> bool:
    """Whether both sub-balances can take their part. No account of a player may pass the largest balance."""
    cash, bonus = player.balance(asset.id, AccountClass.CASH), player.balance(asset.id, AccountClass.BONUS)
    return cash + parts.cash <= MAX_MINOR and bonus + parts.bonus <= MAX_MINOR


def debit(entry: Entry, parts: Parts, house: AccountClass) -> None:
    """Book an amount from the player's sub-balances to the house."""
    _note_bonus(entry, parts)
    post(
        entry,
        [
            (own(entry, AccountClass.CASH), of_house(entry, house), parts.cash),
            (own(entry, AccountClass.BONUS), of_house(entry, house), parts.bonus),
        ],
    )


def credit(entry: Entry, parts: Parts, house: AccountClass) -> None:
    """Book an amount from the house to the player's sub-balances."""
    _note_bonus(entry, parts)
    post(
        entry,
        [
            (of_house(entry, house), own(entry, AccountClass.CASH), parts.cash),
            (of_house(entry, house), own(entry, AccountClass.BONUS), parts.bonus),
        ],
    )


def _note_bonus(entry: Entry, parts: Parts) -> None:
    if parts.bonus:
        entry.details = {**(entry.details or {}), "bonus": parts.bonus}


def post(entry: Entry, moves: list[tuple[AccountName, AccountName, int]]) -> None:
    """Book what is above zero: the first move in the entry's own row, the others in further rows."""
    real = [move for move in moves if move[2]]
    if not real:
        return
    entry.debit, entry.credit, entry.moved = real[0]
    legs = []
    for source, target, moved in real[1:]:
        leg = Entry(entry.kind, entry.source_id, None, Outcome.OK, asset=entry.asset, is_leg=True)
        leg.debit, leg.credit, leg.moved = source, target, moved
        leg.reference, leg.request_id = entry.reference, entry.request_id
        legs.append(leg)
    entry.legs = tuple(legs)


def own(entry: Entry, account_class: AccountClass) -> AccountName:
    """The player's account in the entry's asset."""
    return AccountName(_asset_id(entry), account_class)


def of_house(entry: Entry, account_class: AccountClass) -> AccountName:
    """The house's account for the entry's source."""
    return AccountName(_asset_id(entry), account_class, entry.source_id)


def _asset_id(entry: Entry) -> int:
    if entry.asset is None:
        raise ValueError("a posting needs an asset")
    return entry.asset.id


def stops_debits(scene: Scene, asset: Asset) -> Outcome | None:
    """Why cash and bonus may not be taken from this account."""
    if scene.player.standing_of(asset.id) & Standing.FROZEN_OUT:
        return Outcome.ACCOUNT_FROZEN
    return None


def stops_play(scene: Scene, asset: Asset) -> Outcome | None:
    """Why nothing may be staked from this account."""
    if not scene.player.standings:
        return None
    if scene.player.standing_of(asset.id) & Standing.CLOSED:
        return Outcome.ACCOUNT_CLOSED
    return stops_debits(scene, asset)


def stops_waiting_credits(scene: Scene, asset: Asset) -> Outcome | None:
    """Why a credit that can wait does not pass. Wins, jackpots, free rounds and refunds never ask."""
    standing = scene.player.standing_of(asset.id)
    if standing & Standing.CLOSED:
        return Outcome.ACCOUNT_CLOSED
    return Outcome.ACCOUNT_FROZEN if standing & Standing.FROZEN_IN else None


def passes_cap(scene: Scene, asset: Asset, account_class: AccountClass, amount: int) -> bool:
    """Whether a credit that can wait would lift a balance above the asset's cap."""
    if scene.player.licensee.mirrored:
        return False
    return asset.cap is not None and scene.player.balance(asset.id, account_class) + amount > asset.cap
