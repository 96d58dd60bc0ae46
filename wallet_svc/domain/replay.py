"""How one entry of the log changes a player. The only place where state changes.

The same function runs when an entry is decided and when it is read back, so
what is in memory is what the log says.
"""

from wallet_svc.domain import backdating, law
from wallet_svc.domain.state import Account, AccountName, Entry, HeldMoney, Play, Player, Round, RoundBet
from wallet_svc.domain.vocabulary import AccountClass, HoldState, Kind, Outcome, PlayState, RoundState


def apply(player: Player, entry: Entry) -> None:
    """Change the player by one entry that has its position and time."""
    if entry.key is not None:
        player.keys[entry.source_id, entry.kind, entry.key] = entry
    if entry.outcome is not Outcome.OK:
        return
    if entry.moved:
        _move(player, entry)
        if player.past:
            backdating.note(player, entry)
    change = _CHANGES.get(entry.kind)
    if change is not None:
        change(player, entry)
    law.count(player, entry)


def apply_to_round(player: Player, entry: Entry) -> None:
    """Rebuild a round from an accepted bet, win or cancel that was read back. Moves nothing."""
    if entry.key is not None:
        player.keys[entry.source_id, entry.kind, entry.key] = entry
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
    round_.bets[key] = RoundBet(entry.sequence, key, entry.amount or 0, entry.recorded_us)
    _close_if_told(round_, entry)


def _new_round(entry: Entry) -> Round:
    if entry.asset is None:
        raise ValueError("a round needs an asset")
    return Round(entry.source_id, entry.round or "", entry.asset, entry.sequence, entry.recorded_us, new=True)


def _win(player: Player, entry: Entry) -> None:
    round_ = player.rounds.get((entry.source_id, entry.round or ""))
    if round_ is None:
        return
    for bet in _results_of(round_, entry):
        bet.settled = True
        bet.wins += 1
    _close_if_told(round_, entry)


def _results_of(round_: Round, entry: Entry) -> list[RoundBet]:
    """The bets that a win settles. One that names a bet this round does not have settles none."""
    if not entry.reference:
        return round_.live_bets()
    named = round_.bets.get(entry.reference)
    return [named] if named is not None else []


def _cancel(player: Player, entry: Entry) -> None:
    round_ = player.rounds.get((entry.source_id, entry.round or ""))
    bet = round_.bets.get(entry.reference or "") if round_ else None
    if bet is not None:
        bet.cancelled = True


def _close_round(player: Player, entry: Entry) -> None:
    _close_if_told(player.rounds[entry.source_id, entry.round or ""], entry)


def _close_if_told(round_: Round, entry: Entry) -> None:
    if entry.details and entry.details.get("close") and round_.state is RoundState.OPEN:
        round_.state = RoundState.CLOSED
        round_.closed_us = entry.recorded_us


def _hold(player: Player, entry: Entry) -> None:
    if entry.asset is None or entry.key is None:
        raise ValueError("a hold needs an asset and a key")
    expires = (entry.details or {}).get("expires_us")
    player.holds[entry.source_id, entry.key] = HeldMoney(
        entry.source_id,
        entry.key,
        entry.asset,
        entry.amount or 0,
        expires_us=expires,
        at_us=entry.recorded_us,
        new=True,
    )


def _capture(player: Player, entry: Entry) -> None:
    held = player.holds[entry.source_id, entry.reference or ""]
    held.captured += entry.amount or 0
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


def _set_block(player: Player, entry: Entry) -> None:
    player.blocked = (entry.details or {})["blocked"]


_CHANGES = {
    Kind.BET: _bet,
    Kind.WIN: _win,
    Kind.CANCEL: _cancel,
    Kind.CLOSE_ROUND: _close_round,
    Kind.HOLD: _hold,
    Kind.CAPTURE: _capture,
    Kind.RELEASE: _release,
    Kind.EXPIRE: _release,
    Kind.OPEN_ACCOUNT: _open_account,
    Kind.OPEN_PLAY: _open_play,
    Kind.END_PLAY: _end_play,
    Kind.SET_BLOCK: _set_block,
    Kind.SET_LIMIT: law.protect,
    Kind.CONFIRM_LIMIT: law.protect,
    Kind.CANCEL_PENDING_LIMIT: law.protect,
    Kind.EXCLUDE: law.protect,
    Kind.TAKE_BREAK: law.protect,
    Kind.REQUEST_REINSTATEMENT: law.protect,
}
