"""Cancels: give a stake back, once, to where it came from. And the undoing of a cancel, once."""

from wallet_svc.domain import mirror, sources
from wallet_svc.domain.commands import Cancel, UndoRollback
from wallet_svc.domain.scene import Decided, Scene, answer, replay
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome

HOUSE_OF = {Kind.BET: AccountClass.GAMING, Kind.TIP: AccountClass.TIPS}
"""The account that has the money of a stake."""


def cancel(scene: Scene, action: Cancel) -> Decided:
    """Undo one stake (money/FORMAT rule 9). Round and amount of the message are information only."""
    known = scene.stored(Kind.CANCEL, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.CANCEL, Outcome.OK)
    entry.session = action.session
    name_stake(entry, action.of, action.bet_key)
    stake = scene.stored(action.of, action.bet_key)
    if stake is None or stake.tombstone:
        undone = mirror.abandoned(scene, entry, action.of, action.bet_key)
        return undone or bury(entry, action.of, action.bet_key, again=stake is not None)
    describe(entry, stake)
    if stake.outcome is not Outcome.OK:
        entry.outcome = Outcome.TOMBSTONED
        return answer(entry)
    booked = booking_of(scene, stake)
    if booked is None:
        return Decided(entry, (entry,), replayed=True)
    if is_settled(scene, stake):
        entry.outcome = Outcome.ALREADY_SETTLED
        return answer(entry)
    refund(scene, entry, stake, booked)
    return answer(entry)


def name_stake(entry: Entry, kind: Kind, key: str) -> None:
    """Say which stake an entry is about. A bet is what is meant if nothing is said."""
    entry.reference = key
    if kind is not Kind.BET:
        entry.details = {**(entry.details or {}), "of": kind.value}


def describe(entry: Entry, stake: Entry) -> None:
    """Take over what the stake says. A tip has no round that its cancel could change."""
    entry.asset, entry.game = stake.asset, stake.game
    entry.round = stake.round if stake.kind is Kind.BET else None


def bury(entry: Entry, kind: Kind, key: str, *, again: bool) -> Decided:
    """What was never seen will never be accepted. Said again, nothing new is buried."""
    entry.outcome = Outcome.TOMBSTONED
    if again:
        return Decided(entry, (entry,), replayed=True)
    return Decided(entry, (entry, tombstone(entry, kind, key)))


def tombstone(entry: Entry, kind: Kind, key: str) -> Entry:
    """What was never seen: take its key, so that it is refused for ever."""
    mark = Entry(kind, entry.source_id, key, Outcome.ALREADY_ROLLED_BACK)
    mark.request_id = entry.request_id
    return mark


def booking_of(scene: Scene, stake: Entry) -> int | None:
    """Position of the entry that has the money of a stake; None if it was given back."""
    if stake.kind is not Kind.BET:
        return scene.player.undoable(stake.sequence)
    bet = scene.player.rounds[scene.source_id, stake.round or ""].bets[stake.key or ""]
    return None if bet.cancelled else bet.booked


def is_settled(scene: Scene, stake: Entry) -> bool:
    """Whether a bet has a result, or its round is closed. A tip never has one."""
    if stake.kind is not Kind.BET:
        return False
    round_ = scene.player.rounds[scene.source_id, stake.round or ""]
    return round_.bets[stake.key or ""].wins > 0 or round_.closed_at(scene.now_us) is not None


def refund(scene: Scene, entry: Entry, stake: Entry, booked: int) -> None:
    """Book the way back, or note in the outcome that there is no room."""
    if stake.asset is None:
        raise ValueError("a stake has an asset")
    parts = sources.parts_of(stake)
    if not sources.fits(scene.player, stake.asset, parts):
        entry.outcome = Outcome.AMOUNT_INVALID
        return
    entry.undoes, entry.amount = booked, stake.amount
    if booked == stake.sequence and stake.details and "intent" in stake.details:
        # What a licensee's own wallet was asked for is what it has to undo.
        entry.details = {**(entry.details or {}), "intent": stake.details["intent"]}
    sources.credit(entry, parts, HOUSE_OF[stake.kind])


def undo_rollback(scene: Scene, action: UndoRollback) -> Decided:
    """Book again the stake that a cancel returned (money/FORMAT rule 12)."""
    known = scene.stored(Kind.UNDO_ROLLBACK, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.UNDO_ROLLBACK, Outcome.OK)
    entry.reference = action.cancel_key
    cancelled = scene.stored(Kind.CANCEL, action.cancel_key)
    if cancelled is None or cancelled.outcome is not Outcome.OK or cancelled.undoes is None:
        entry.outcome = Outcome.ORIGINAL_NOT_FOUND
        return answer(entry)
    entry.asset, entry.round, entry.game = cancelled.asset, cancelled.round, cancelled.game
    entry.details = {"stake": cancelled.reference}
    kind = Kind((cancelled.details or {}).get("of", Kind.BET))
    if kind is not Kind.BET:
        entry.details["of"] = kind.value
    if cancelled.sequence in scene.player.undone:
        return Decided(entry, (entry,), replayed=True)
    entry.outcome = _book_again(scene, entry, cancelled, kind)
    return answer(entry)


def _book_again(scene: Scene, entry: Entry, cancelled: Entry, kind: Kind) -> Outcome:
    asset = cancelled.asset
    if asset is None:
        raise ValueError("a cancel of a stake has an asset")
    entry.amount = cancelled.amount
    if cancelled.amount and (stopped := sources.stops_debits(scene, asset)):
        return stopped
    parts = sources.parts_of(cancelled)
    if not sources.has(scene.player, asset, parts):
        return Outcome.INSUFFICIENT_FUNDS
    entry.undoes = cancelled.sequence
    sources.debit(entry, parts, HOUSE_OF[kind])
    return Outcome.OK
