"""Bets and tips: the only actions that take money from a player by a provider's word."""

from wallet_svc.domain import law, sources
from wallet_svc.domain.asserting import used_up
from wallet_svc.domain.commands import Bet, Tip
from wallet_svc.domain.scene import Decided, Scene, answer, minor, replay
from wallet_svc.domain.state import AccountName, Asset, Entry, Round
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome, PlayState


def bet(scene: Scene, action: Bet) -> Decided:
    """Take a stake, or say why not. The order of checks is money/FORMAT rule 2."""
    known = scene.stored(Kind.BET, scene.command.key)
    if known is not None:
        return late(scene, Kind.LATE_BET) if known.tombstone else replay(known, scene)
    entry = scene.entry(Kind.BET, Outcome.OK)
    entry.round, entry.game, entry.session = action.round, action.game, action.session
    entry.details = _attribution(action)
    entry.outcome = _check_world(scene, action) or _check_money(scene, action, entry)
    why = None if entry.decision is None else entry.decision.session_end
    if why is not None:
        return used_up(scene, action, Decided(entry, (entry, _end_of(scene, action, why))))
    return used_up(scene, action, answer(entry))


def _end_of(scene: Scene, action: Bet, why: str) -> Entry:
    """What the player fixed for the session is used up, and the session is over by that."""
    end = scene.entry(Kind.END_PLAY, Outcome.OK)
    end.session, end.details = action.session, {"end": int(PlayState.CLOSED), "why": str(why)}
    return end


def tip(scene: Scene, action: Tip) -> Decided:
    """Take a tip from cash. It needs a session like a bet, and has no effect on a round."""
    known = scene.stored(Kind.TIP, scene.command.key)
    if known is not None:
        return late(scene, Kind.LATE_TIP) if known.tombstone else replay(known, scene)
    entry = scene.entry(Kind.TIP, Outcome.OK)
    entry.round, entry.game, entry.session = action.round or None, action.game or None, action.session
    entry.outcome = _check_world(scene, action) or _check_tip(scene, action, entry)
    return answer(entry)


def late(scene: Scene, kind: Kind) -> Decided:
    """What was undone before it came. Its refusal is stored beside the tombstone."""
    known = scene.stored(kind, scene.command.key)
    if known is not None:
        return replay(known, scene)
    action = scene.command.action
    entry = scene.entry(kind, Outcome.ALREADY_ROLLED_BACK)
    entry.round = getattr(action, "round", None) or None
    entry.game = getattr(action, "game", None) or None
    entry.session = getattr(action, "session", "")
    return answer(entry)


def _check_world(scene: Scene, action: Bet | Tip) -> Outcome | None:
    play = scene.player.plays.get(action.session)
    if play is None or play.source_id != scene.source_id:
        return Outcome.SESSION_INVALID
    if not play.active_at(scene.now_us):
        return Outcome.SESSION_EXPIRED
    if scene.player.blocked:
        return Outcome.PLAYER_BLOCKED
    # A bet always names its game, a tip need not.
    game = scene.registry.game(scene.player.licensee.id, scene.source_id, action.game) if action.game else None
    if (game is None or not game.enabled) and (action.game or isinstance(action, Bet)):
        return Outcome.GAME_NOT_AVAILABLE
    round_ = scene.player.rounds.get((scene.source_id, action.round))
    expected = {play.asset.code, round_.asset.code if round_ else play.asset.code}
    if expected != {action.money.currency}:
        return Outcome.CURRENCY_MISMATCH
    return sources.stops_play(scene, play.asset)


def _check_money(scene: Scene, action: Bet, entry: Entry) -> Outcome:
    player = scene.player
    asset = entry.asset = player.plays[action.session].asset
    amount = minor(action.money, asset)
    if amount is None or amount < 0:
        return Outcome.AMOUNT_INVALID
    entry.amount = amount
    if action.free:
        # Its worth is for the law only: nothing moves, and nothing can be given back.
        entry.details = {**(entry.details or {}), "free": amount}
        entry.amount = amount = 0
    round_ = player.rounds.get((scene.source_id, action.round))
    if round_ is not None and round_.closed_at(scene.now_us) is not None:
        return Outcome.ROUND_CLOSED
    parts = _parts(scene, asset, amount)
    if refusal := _ask_law(scene, action, entry, round_, parts):
        return refusal
    if parts is None:
        return Outcome.INSUFFICIENT_FUNDS
    if parts.bonus:
        sources.debit(entry, parts, AccountClass.GAMING)
    elif amount:
        entry.debit = AccountName(asset.id, AccountClass.CASH)
        entry.credit = AccountName(asset.id, AccountClass.GAMING, scene.source_id)
        entry.moved = amount
    return Outcome.OK


def _parts(scene: Scene, asset: Asset, amount: int) -> sources.Parts | None:
    player = scene.player
    if player.plain:
        enough = amount <= player.balance(asset.id, AccountClass.CASH) or player.licensee.mirrored
        return sources.Parts(amount) if enough else None
    return sources.take(player, asset, amount)


def _check_tip(scene: Scene, action: Tip, entry: Entry) -> Outcome:
    asset = entry.asset = scene.player.plays[action.session].asset
    amount = minor(action.money, asset)
    if amount is None or amount <= 0:
        return Outcome.AMOUNT_INVALID
    entry.amount = amount
    entry.decision = law.about_tip(scene, action, entry)
    if refusal := law.refusal_of(entry):
        return refusal
    if not sources.has(scene.player, asset, sources.Parts(amount)):
        return Outcome.INSUFFICIENT_FUNDS
    sources.debit(entry, sources.Parts(amount), AccountClass.TIPS)
    return Outcome.OK


def _ask_law(
    scene: Scene, action: Bet, entry: Entry, round_: Round | None, parts: sources.Parts | None
) -> Outcome | None:
    place = law.place_of(scene, scene.source_id, action.game)
    all_bonus = parts is not None and parts.bonus > 0 and not parts.cash
    entry.decision = law.about_bet(scene, action, entry, round_, place, all_bonus=all_bonus)
    if round_ is None:
        entry.details = {**(entry.details or {}), "category": "" if place.game is None else place.game.category}
        if idle_us := scene.flags().auto_close_after_us:
            entry.details["idle_us"] = idle_us
    return law.refusal_of(entry)


def _attribution(action: Bet) -> dict[str, object] | None:
    details: dict[str, object] = {}
    if action.close:
        details["close"] = True
    if action.jackpot is not None:
        details["jackpot"] = [action.jackpot.currency, action.jackpot.amount]
    return details or None
