"""Wins: results of bets. Credits ignore sessions, blocks, limits and disabled games."""

from wallet_svc.domain import law, mirror, sources, stakes
from wallet_svc.domain.commands import Win
from wallet_svc.domain.scene import Decided, Scene, answer, minor, replay
from wallet_svc.domain.state import AccountName, Asset, Entry, Round, RoundBet
from wallet_svc.domain.vocabulary import AccountClass, Case, Kind, Outcome


def win(scene: Scene, action: Win) -> Decided:
    """Pay the result of one bet, or of all live bets of the round."""
    known = scene.stored(Kind.WIN, scene.command.key)
    if known is not None:
        return stakes.late(scene, Kind.LATE_WIN) if known.tombstone else replay(known, scene)
    entry = scene.entry(Kind.WIN, Outcome.OK)
    entry.round, entry.game, entry.session = action.round, action.game, action.session
    entry.reference = action.bet_key or None
    entry.details = _attribution(action)
    round_ = scene.player.rounds.get((scene.source_id, action.round))
    outcome = _check_reference(scene, action, round_)
    if outcome is Outcome.ORIGINAL_NOT_FOUND:
        if scene.player.licensee.mirrored and mirror.waiting_win(scene, action.round, action.bet_key):
            entry.outcome = Outcome.IN_PROGRESS
            return answer(entry)
        if scene.flags().bet_window_us and _bet_may_come(scene):
            return _ask_again(scene, entry)
        if scene.flags().win_without_bet:
            entry.case, outcome = Case.ORPHAN_WIN, None
    elif outcome is Outcome.ALREADY_ROLLED_BACK:
        entry.case = Case.WIN_AFTER_ROLLBACK
    entry.outcome = outcome or _check_money(scene, action, entry, round_)
    if entry.case is Case.ORPHAN_WIN and entry.outcome is not Outcome.OK:
        entry.case = None
    return _put_aside(scene, entry)


def _put_aside(scene: Scene, entry: Entry) -> Decided:
    """A win of somebody who must not have it is booked like any other, and held in the same operation."""
    decided, cash = answer(entry), (entry.amount or 0) - entry.bonus
    if (
        entry.outcome is not Outcome.OK
        or not cash
        or scene.player.licensee.mirrored
        or not law.puts_aside(scene.player)
    ):
        return decided
    entry.details = {**(entry.details or {}), "aside": cash}
    held = scene.entry(Kind.HOLD, Outcome.OK)
    held.key, held.asset, held.amount, held.moved = f"aside {entry.key}", entry.asset, cash, cash
    held.details = {"aside": True}
    held.debit, held.credit = sources.own(held, AccountClass.CASH), sources.own(held, AccountClass.HELD)
    return Decided(entry, (*decided.new, held))


def _bet_may_come(scene: Scene) -> bool:
    """Whether the win arrived first so lately that its bet may still be on its way."""
    mark = scene.stored(Kind.EARLY_WIN, scene.command.key)
    return mark is None or scene.now_us < mark.recorded_us + scene.flags().bet_window_us


def _ask_again(scene: Scene, entry: Entry) -> Decided:
    """No answer yet. The log keeps when the win came first, for every process to see."""
    entry.outcome = Outcome.ORIGINAL_PENDING
    if scene.stored(Kind.EARLY_WIN, scene.command.key) is not None:
        return Decided(entry)
    mark = Entry(Kind.EARLY_WIN, scene.source_id, scene.command.key, Outcome.ORIGINAL_PENDING)
    mark.request_id = entry.request_id
    return Decided(entry, (mark,))


def _check_reference(scene: Scene, action: Win, round_: Round | None) -> Outcome | None:
    if action.bet_key:
        return _named_bet(scene, action, round_)
    return _any_bet(round_, one_credit=scene.flags().one_credit_per_bet)


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
    parts = sources.share(amount, _stakes_of(action, round_))
    if not sources.fits(scene.player, asset, parts):
        return Outcome.AMOUNT_INVALID
    entry.amount = amount
    if round_ is not None and _too_late(scene, round_):
        entry.case = Case.LATE_WIN
        return Outcome.ROUND_CLOSED
    if parts.bonus:
        sources.credit(entry, parts, AccountClass.GAMING)
    elif amount:
        entry.debit = AccountName(asset.id, AccountClass.GAMING, scene.source_id)
        entry.credit = AccountName(asset.id, AccountClass.CASH)
        entry.moved = amount
    return Outcome.OK


def _stakes_of(action: Win, round_: Round | None) -> list[RoundBet]:
    """The bets whose sources the result follows."""
    if round_ is None:
        return []
    if not action.bet_key:
        return round_.live_bets()
    named = round_.bets.get(action.bet_key)
    return [named] if named is not None else []


def _asset(scene: Scene, action: Win, round_: Round | None) -> Asset | None:
    asset = scene.asset(action.money.currency)
    if round_ is not None:
        return asset if asset == round_.asset else None
    return asset if asset is not None and scene.player.has_account(asset.id) else None


def _too_late(scene: Scene, round_: Round) -> bool:
    closed_us = round_.closed_at(scene.now_us)
    return closed_us is not None and scene.now_us >= closed_us + scene.flags().late_win_window_us


def _attribution(action: Win) -> dict[str, object] | None:
    details: dict[str, object] = {}
    if action.close:
        details["close"] = True
    if action.jackpot is not None:
        details["jackpot"] = [action.jackpot.currency, action.jackpot.amount]
    return details or None
