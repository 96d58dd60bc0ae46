"""How one entry of the log changes a player. The only place where state changes.

The same function runs when an entry is decided and when it is read back, so
what is in memory is what the log says.
"""

from wallet_svc.domain import backdating, counting, law, owing
from wallet_svc.domain.standing import SETS
from wallet_svc.domain.state import (
    Account,
    AccountName,
    Entry,
    HeldMoney,
    Play,
    Player,
    Round,
    RoundBet,
    RoundWin,
)
from wallet_svc.domain.vocabulary import AccountClass, HoldState, Kind, Outcome, PlayState, RoundState, Standing


def apply(player: Player, entry: Entry) -> None:
    """Change the player by one entry that has its position and time."""
    if entry.key is not None:
        player.keys[entry.source_id, entry.kind, entry.key] = entry
    if player.licensee.mirrored:
        owing.apply(player, entry)
    law.hear_register(player, entry)
    if entry.outcome is not Outcome.OK:
        return
    if entry.moved:
        _move(player, entry)
        if player.past:
            backdating.note(player, entry)
    if entry.is_leg:
        return
    if entry.undoes is not None:
        player.undone[entry.undoes] = entry.sequence
    change = _CHANGES.get(entry.kind)
    if change is not None:
        change(player, entry)
    counting.count(player, entry)


def apply_to_round(player: Player, entry: Entry) -> None:
    """Rebuild a round from an accepted entry about it that was read back. Moves nothing."""
    if entry.key is not None:
        player.keys[entry.source_id, entry.kind, entry.key] = entry
    if entry.undoes is not None:
        player.undone[entry.undoes] = entry.sequence
    _CHANGES[entry.kind](player, entry)


def _move(player: Player, entry: Entry) -> None:
    if entry.debit is not None and entry.debit.account_class < AccountClass.HOUSE:
        account_of(player, entry.debit).debits += entry.moved
    if entry.credit is not None and entry.credit.account_class < AccountClass.HOUSE:
        account_of(player, entry.credit).credits += entry.moved


def account_of(player: Player, name: AccountName) -> Account:
    """The player's account; a new one has id 0 until the log gives it one."""
    account = player.accounts.get(name)
    if account is None:
        account = player.accounts[name] = Account(0, name, new=True)
    return account


def _bet(player: Player, entry: Entry) -> None:
    name = (entry.source_id, entry.round or "")
    round_ = player.rounds.get(name)
    if round_ is None:
        round_ = player.rounds[name] = _new_round(entry)
    key = entry.key or ""
    bet = RoundBet(entry.sequence, key, entry.amount or 0, entry.recorded_us, entry.bonus, booked=entry.sequence)
    if entry.details is not None:
        bet.counted, bet.free = entry.details.get("counted"), entry.details.get("free", 0)
    if round_.wins:
        # A win that was paid without a bet may have named this one.
        bet.wins = sum(win.bet_key == key and not win.reversed for win in round_.wins.values())
    round_.bets[key] = bet
    round_.last_us = entry.recorded_us
    _close_if_told(round_, entry)


def _new_round(entry: Entry) -> Round:
    if entry.asset is None:
        raise ValueError("a round needs an asset")
    round_ = Round(entry.source_id, entry.round or "", entry.asset, entry.sequence, entry.recorded_us, new=True)
    round_.idle_us = (entry.details or {}).get("idle_us")
    return round_


def _win(player: Player, entry: Entry) -> None:
    round_ = player.rounds.get((entry.source_id, entry.round or ""))
    if round_ is None:
        return
    win = RoundWin(entry.sequence, entry.key or "", entry.reference or "")
    round_.wins[win.key] = win
    _count_win(round_, win, 1)
    if round_.closed_at(entry.recorded_us) is None:
        # A late win does not open a round again that was idle for too long.
        round_.last_us = entry.recorded_us
    _close_if_told(round_, entry)


def _count_win(round_: Round, win: RoundWin, change: int) -> None:
    """A win settles the bet it names, or every bet before it. One that names an unknown bet settles none."""
    if win.bet_key:
        named = round_.bets.get(win.bet_key)
        if named is not None:
            named.wins += change
        return
    for bet in round_.bets.values():
        if win.settles(bet):
            bet.wins += change


def _reverse_win(player: Player, entry: Entry) -> None:
    round_ = player.rounds.get((entry.source_id, entry.round or ""))
    win = round_.wins.get(entry.reference or "") if round_ else None
    if round_ is not None and win is not None and not win.reversed and entry.undoes is not None:
        win.reversed = True
        _count_win(round_, win, -1)


def _cancel(player: Player, entry: Entry) -> None:
    bet = _stake_of(player, entry)
    if bet is not None:
        bet.cancelled = True


def _undo_rollback(player: Player, entry: Entry) -> None:
    bet = _stake_of(player, entry)
    if bet is not None:
        bet.cancelled, bet.booked = False, entry.sequence


def _stake_of(player: Player, entry: Entry) -> RoundBet | None:
    """The bet that an entry undoes or books again. An entry that found it done already changes nothing."""
    if entry.undoes is None or (entry.details and "of" in entry.details):
        return None
    round_ = player.rounds.get((entry.source_id, entry.round or ""))
    return round_.bets.get(counting.stake_key(entry)) if round_ else None


def _close_round(player: Player, entry: Entry) -> None:
    _close_if_told(player.rounds[entry.source_id, entry.round or ""], entry)


def _close_if_told(round_: Round, entry: Entry) -> None:
    if entry.details and entry.details.get("close") and round_.state is RoundState.OPEN:
        round_.state = RoundState.CLOSED
        round_.closed_us = entry.recorded_us


def _hold(player: Player, entry: Entry) -> None:
    if entry.asset is None or entry.key is None:
        raise ValueError("a hold needs an asset and a key")
    details = entry.details or {}
    player.holds[entry.source_id, entry.key] = HeldMoney(
        entry.source_id,
        entry.key,
        entry.asset,
        entry.amount or 0,
        expires_us=details.get("expires_us"),
        at_us=entry.recorded_us,
        new=True,
        tolerance=details.get("tolerance", 0),
        aside="aside" in details,
    )


def _capture(player: Player, entry: Entry) -> None:
    held = player.holds[entry.source_id, entry.reference or ""]
    held.beyond = (entry.details or {}).get("beyond", 0)
    held.captured += (entry.amount or 0) - held.beyond
    if not held.left:
        held.state = HoldState.CAPTURED


def _release(player: Player, entry: Entry) -> None:
    held = player.holds[entry.source_id, entry.reference or ""]
    held.released += entry.amount or 0
    held.state = HoldState.EXPIRED if entry.kind is Kind.EXPIRE else HoldState.RELEASED


def _open_account(player: Player, entry: Entry) -> None:
    if entry.asset is None:
        raise ValueError("an account needs an asset")
    account_of(player, AccountName(entry.asset.id, AccountClass.CASH))
    if player.main is None:
        player.main = entry.asset
    details = entry.details or {}
    player.pack, player.born_on = details["pack"], details["born_on"]
    player.person = details.get("person", player.person)
    player.standing = None


def _open_play(player: Player, entry: Entry) -> None:
    if entry.asset is None:
        raise ValueError("a session needs an asset")
    details = entry.details or {}
    session = entry.session or ""
    player.plays[session] = Play(
        session,
        details["provider"],
        entry.asset,
        entry.game or "",
        expires_us=details["expires_us"],
        permit=law.permit(player, entry),
        new=True,
    )


def _end_play(player: Player, entry: Entry) -> None:
    play = player.plays.get(entry.session or "")
    if play is not None and play.state is PlayState.ACTIVE:
        play.state = PlayState((entry.details or {})["end"])


def _resume_play(player: Player, entry: Entry) -> None:
    play = player.plays[entry.session or ""]
    play.state, play.permit = PlayState.ACTIVE, law.permit(player, entry)


def _set_standing(player: Player, entry: Entry) -> None:
    if entry.asset is None:
        raise ValueError("an account has an asset")
    what, before = Standing((entry.details or {})["what"]), player.standing_of(entry.asset.id)
    player.standings[entry.asset.id] = before | what if entry.kind in SETS else before & ~what


def _set_block(player: Player, entry: Entry) -> None:
    player.blocked = (entry.details or {})["blocked"]


_CHANGES = {
    Kind.BET: _bet,
    Kind.WIN: _win,
    Kind.CANCEL: _cancel,
    Kind.REVERSE_WIN: _reverse_win,
    Kind.UNDO_ROLLBACK: _undo_rollback,
    Kind.CLOSE_ROUND: _close_round,
    Kind.HOLD: _hold,
    Kind.CAPTURE: _capture,
    Kind.RELEASE: _release,
    Kind.EXPIRE: _release,
    Kind.OPEN_ACCOUNT: _open_account,
    Kind.OPEN_PLAY: _open_play,
    Kind.END_PLAY: _end_play,
    Kind.RESUME_PLAY: _resume_play,
    Kind.FREEZE_ACCOUNT: _set_standing,
    Kind.UNFREEZE_ACCOUNT: _set_standing,
    Kind.CLOSE_ACCOUNT: _set_standing,
    Kind.REOPEN_ACCOUNT: _set_standing,
    Kind.SET_BLOCK: _set_block,
    Kind.SET_LIMIT: law.protect,
    Kind.CONFIRM_LIMIT: law.protect,
    Kind.CANCEL_PENDING_LIMIT: law.protect,
    Kind.EXCLUDE: law.protect,
    Kind.TAKE_BREAK: law.protect,
    Kind.REQUEST_REINSTATEMENT: law.protect,
    Kind.APPROVE_REINSTATEMENT: law.protect,
    Kind.RECORD_FINDING: law.protect,
    Kind.LEAVE_FOR_GOOD: law.protect,
    Kind.DEPOSIT: law.protect,
    Kind.ENTER: law.protect,
    Kind.CHANGE_PLAY: law.change_permit,
}
