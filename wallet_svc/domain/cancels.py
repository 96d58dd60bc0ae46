"""Cancels: give a stake back, once, to where it came from."""

from wallet_svc.domain.commands import Cancel
from wallet_svc.domain.scene import Decided, Scene, answer, replay
from wallet_svc.domain.state import AccountName, Entry, RoundBet
from wallet_svc.domain.vocabulary import MAX_MINOR, AccountClass, Kind, Outcome, RoundState


def cancel(scene: Scene, action: Cancel) -> Decided:
    """Undo one stake (money/FORMAT rule 9). Round and amount of the message are information only."""
    known = scene.stored(Kind.CANCEL, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.CANCEL, Outcome.OK)
    entry.reference, entry.session = action.bet_key, action.session
    stake = scene.stored(Kind.BET, action.bet_key)
    if stake is None:
        return _bury(entry)
    if stake.tombstone:
        entry.outcome = Outcome.TOMBSTONED
        return Decided(entry, (entry,), replayed=True)
    entry.round, entry.game, entry.asset = stake.round, stake.game, stake.asset
    if stake.outcome is not Outcome.OK:
        entry.outcome = Outcome.TOMBSTONED
        return answer(entry)
    return _give_back(scene, entry, stake)


def _bury(entry: Entry) -> Decided:
    """The bet was never seen: take its key, so that it is refused for ever."""
    entry.outcome = Outcome.TOMBSTONED
    tombstone = Entry(Kind.BET, entry.source_id, entry.reference, Outcome.ALREADY_ROLLED_BACK)
    tombstone.request_id = entry.request_id
    return Decided(entry, (entry, tombstone))


def _give_back(scene: Scene, entry: Entry, stake: Entry) -> Decided:
    round_ = scene.player.rounds[(scene.source_id, stake.round or "")]
    bet = round_.bets[stake.key or ""]
    if bet.cancelled:
        return Decided(entry, (entry,), replayed=True)
    if bet.settled or round_.state is RoundState.CLOSED:
        entry.outcome = Outcome.ALREADY_SETTLED
        return answer(entry)
    _refund(scene, entry, bet)
    return answer(entry)


def _refund(scene: Scene, entry: Entry, bet: RoundBet) -> None:
    if entry.asset and scene.player.balance(entry.asset.id, AccountClass.CASH) + bet.amount > MAX_MINOR:
        entry.outcome = Outcome.AMOUNT_INVALID
        return
    entry.undoes, entry.amount = bet.sequence, bet.amount
    if bet.amount and entry.asset:
        entry.debit = AccountName(entry.asset.id, AccountClass.GAMING, scene.source_id)
        entry.credit = AccountName(entry.asset.id, AccountClass.CASH)
        entry.moved = bet.amount
