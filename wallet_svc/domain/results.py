"""Wins: results of bets. Credits ignore sessions, blocks, limits and disabled games."""

from wallet_svc.domain.commands import Win
from wallet_svc.domain.scene import Decided, Scene, answer, minor, replay
from wallet_svc.domain.state import AccountName, Asset, Entry, Round
from wallet_svc.domain.vocabulary import MAX_MINOR, AccountClass, Case, Kind, Outcome, RoundState


def win(scene: Scene, action: Win) -> Decided:
    """Pay the result of one bet, or of all live bets of the round."""
    known = scene.stored(Kind.WIN, scene.command.key)
    if known is not None:
        return replay(known, scene)
    entry = scene.entry(Kind.WIN, Outcome.OK)
    entry.round, entry.game, entry.session = action.round, action.game, action.session
    entry.reference = action.bet_key or None
    entry.details = _attribution(action)
    round_ = scene.player.rounds.get((scene.source_id, action.round))
    entry.outcome = _check_reference(scene, action, entry, round_) or _check_money(scene, action, entry, round_)
    if entry.case is Case.ORPHAN_WIN and entry.outcome is not Outcome.OK:
        entry.case = None
    return answer(entry)


def _check_reference(scene: Scene, action: Win, entry: Entry, round_: Round | None) -> Outcome | None:
    if action.bet_key:
        outcome = _named_bet(scene, action, round_)
    else:
        outcome = _any_bet(round_, one_credit=scene.flags().one_credit_per_bet)
    if outcome is Outcome.ORIGINAL_NOT_FOUND and scene.flags().win_without_bet:
        entry.case = Case.ORPHAN_WIN
        return None
    if outcome is Outcome.ALREADY_ROLLED_BACK:
        entry.case = Case.WIN_AFTER_ROLLBACK
    return outcome


def _named_bet(scene: Scene, action: Win, round_: Round | None) -> Outcome | None:
    stored = scene.stored(Kind.BET, action.bet_key)
    if stored is not None and stored.tombstone:
        return Outcome.ALREADY_ROLLED_BACK
    bet = round_.bets.get(action.bet_key) if round_ else None
    if bet is None:
        return Outcome.ORIGINAL_NOT_FOUND
    if bet.cancelled:
        return Outcome.ALREADY_ROLLED_BACK
    if bet.wins and scene.flags().one_credit_per_bet:
        return Outcome.ALREADY_SETTLED
    return None


def _any_bet(round_: Round | None, *, one_credit: bool) -> Outcome | None:
    if round_ is None or not round_.bets:
        return Outcome.ORIGINAL_NOT_FOUND
    live = round_.live_bets()
    if not live:
        return Outcome.ALREADY_ROLLED_BACK
    if one_credit and all(bet.wins for bet in live):
        return Outcome.ALREADY_SETTLED
    return None


def _check_money(scene: Scene, action: Win, entry: Entry, round_: Round | None) -> Outcome:
    asset = _asset(scene, action, round_)
    if asset is None:
        return Outcome.CURRENCY_MISMATCH
    entry.asset = asset
    amount = minor(action.money, asset)
    if amount is None or amount < 0:
        return Outcome.AMOUNT_INVALID
    if scene.player.balance(asset.id, AccountClass.CASH) + amount > MAX_MINOR:
        return Outcome.AMOUNT_INVALID
    entry.amount = amount
    if round_ is not None and _too_late(scene, round_):
        entry.case = Case.LATE_WIN
        return Outcome.ROUND_CLOSED
    if amount:
        entry.debit = AccountName(asset.id, AccountClass.GAMING, scene.source_id)
        entry.credit = AccountName(asset.id, AccountClass.CASH)
        entry.moved = amount
    return Outcome.OK


def _asset(scene: Scene, action: Win, round_: Round | None) -> Asset | None:
    asset = scene.asset(action.money.currency)
    if round_ is not None:
        return asset if asset == round_.asset else None
    return asset if asset is not None and scene.player.has_account(asset.id) else None


def _too_late(scene: Scene, round_: Round) -> bool:
    if round_.state is not RoundState.CLOSED:
        return False
    return scene.now_us >= (round_.closed_us or 0) + scene.flags().late_win_window_us


def _attribution(action: Win) -> dict[str, object] | None:
    details: dict[str, object] = {}
    if action.close:
        details["close"] = True
    if action.jackpot is not None:
        details["jackpot"] = [action.jackpot.currency, action.jackpot.amount]
    return details or None
