"""Bets: the only actions that take money from a player by a provider's word."""

from wallet_svc.domain import law
from wallet_svc.domain.commands import Bet
from wallet_svc.domain.scene import Decided, Scene, answer, minor, replay
from wallet_svc.domain.state import AccountName, Entry, Round
from wallet_svc.domain.vocabulary import AccountClass, Kind, Outcome, RoundState


def bet(scene: Scene, action: Bet) -> Decided:
    """Take a stake, or say why not. The order of checks is money/FORMAT rule 2."""
    known = scene.stored(Kind.BET, scene.command.key)
    if known is not None:
        return late_bet(scene) if known.tombstone else replay(known, scene)
    entry = scene.entry(Kind.BET, Outcome.OK)
    entry.round, entry.game, entry.session = action.round, action.game, action.session
    entry.details = _attribution(action)
    entry.outcome = _check_world(scene, action) or _check_money(scene, action, entry)
    return answer(entry)


def late_bet(scene: Scene) -> Decided:
    """A bet whose cancel came first. Its refusal is stored beside the tombstone."""
    known = scene.stored(Kind.LATE_BET, scene.command.key)
    if known is not None:
        return replay(known, scene)
    action = scene.command.action
    entry = scene.entry(Kind.LATE_BET, Outcome.ALREADY_ROLLED_BACK)
    if isinstance(action, Bet):
        entry.round, entry.game, entry.session = action.round, action.game, action.session
    return answer(entry)


def _check_world(scene: Scene, action: Bet) -> Outcome | None:
    play = scene.player.plays.get(action.session)
    if play is None or play.source_id != scene.source_id:
        return Outcome.SESSION_INVALID
    if not play.active_at(scene.now_us):
        return Outcome.SESSION_EXPIRED
    if scene.player.blocked:
        return Outcome.PLAYER_BLOCKED
    game = scene.registry.game(scene.player.licensee.id, scene.source_id, action.game)
    if game is None or not game.enabled:
        return Outcome.GAME_NOT_AVAILABLE
    round_ = scene.player.rounds.get((scene.source_id, action.round))
    expected = {play.asset.code, round_.asset.code if round_ else play.asset.code}
    if expected != {action.money.currency}:
        return Outcome.CURRENCY_MISMATCH
    return None


def _check_money(scene: Scene, action: Bet, entry: Entry) -> Outcome:
    player = scene.player
    asset = player.plays[action.session].asset
    entry.asset = asset
    amount = minor(action.money, asset)
    if amount is None or amount < 0:
        return Outcome.AMOUNT_INVALID
    entry.amount = amount
    round_ = player.rounds.get((scene.source_id, action.round))
    if round_ is not None and round_.state is RoundState.CLOSED:
        return Outcome.ROUND_CLOSED
    if refusal := _ask_law(scene, action, entry, round_):
        return refusal
    if amount > player.balance(asset.id, AccountClass.CASH):
        return Outcome.INSUFFICIENT_FUNDS
    if amount:
        entry.debit = AccountName(asset.id, AccountClass.CASH)
        entry.credit = AccountName(asset.id, AccountClass.GAMING, scene.source_id)
        entry.moved = amount
    return Outcome.OK


def _ask_law(scene: Scene, action: Bet, entry: Entry, round_: Round | None) -> Outcome | None:
    game = scene.registry.game(scene.player.licensee.id, scene.source_id, action.game)
    category = game.category if game else ""
    entry.decision = law.about_bet(scene, action, entry, round_, category)
    if round_ is None:
        entry.details = {**(entry.details or {}), "category": category}
    return law.refusal_of(entry)


def _attribution(action: Bet) -> dict[str, object] | None:
    details: dict[str, object] = {}
    if action.close:
        details["close"] = True
    if action.jackpot is not None:
        details["jackpot"] = [action.jackpot.currency, action.jackpot.amount]
    return details or None
