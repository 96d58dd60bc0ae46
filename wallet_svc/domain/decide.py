"""From a command to an answer. Pure: the same player, command and moment give the same answer."""

from collections.abc import Callable
from typing import Any

from wallet_svc.domain import (
    access,
    adjusting,
    cancels,
    concluding,
    gifts,
    mirror,
    payments,
    players,
    protection,
    results,
    reversals,
    rounds,
    stakes,
    standing,
    transfers,
)
from wallet_svc.domain.backdating import backdate
from wallet_svc.domain.commands import (
    Adjust,
    ApproveAdjustment,
    ApproveReinstatement,
    Bet,
    BetAndWin,
    Cancel,
    CancelPendingLimit,
    Capture,
    ChangePlay,
    CloseRound,
    Command,
    Conclude,
    ConfirmLimit,
    Credit,
    Deliver,
    Deposit,
    EndPlay,
    Enter,
    Exclude,
    Expire,
    FreeRound,
    Hold,
    LeaveForGood,
    MoneyText,
    OpenAccount,
    OpenPlay,
    ProposeAdjustment,
    RecordFinding,
    Release,
    RequestReinstatement,
    ResumePlay,
    ReverseWin,
    RollbackList,
    SetBlock,
    SetLimit,
    SetStanding,
    TakeBreak,
    Tip,
    TransferIn,
    TransferOut,
    UndoRollback,
    Win,
)
from wallet_svc.domain.replay import apply
from wallet_svc.domain.scene import Decided, Scene
from wallet_svc.domain.state import Asset, Entry, Key, Player, Registry
from wallet_svc.domain.vocabulary import LATE_KINDS, NEVER_STORED, Kind, Outcome, OutcomeClass, class_of

_RULES: dict[type, Callable[[Scene, Any], Decided]] = {
    Bet: stakes.bet,
    Win: results.win,
    Cancel: cancels.cancel,
    CloseRound: rounds.close_round,
    Deposit: payments.deposit,
    TransferIn: transfers.transfer_in,
    TransferOut: transfers.transfer_out,
    Hold: payments.hold,
    Capture: payments.capture,
    Release: payments.release,
    Expire: payments.expire,
    OpenAccount: players.open_account,
    OpenPlay: players.open_play,
    EndPlay: players.end_play,
    SetBlock: players.set_block,
    SetLimit: protection.set_limit,
    ConfirmLimit: protection.change_limit,
    CancelPendingLimit: protection.change_limit,
    Exclude: protection.exclude,
    TakeBreak: protection.take_break,
    RequestReinstatement: protection.request_reinstatement,
    Tip: stakes.tip,
    RollbackList: reversals.rollback_list,
    ReverseWin: reversals.reverse_win,
    UndoRollback: cancels.undo_rollback,
    Credit: gifts.credit,
    FreeRound: gifts.free_round,
    Adjust: adjusting.adjust,
    ProposeAdjustment: adjusting.propose,
    ApproveAdjustment: adjusting.approve,
    SetStanding: standing.set_standing,
    ResumePlay: players.resume_play,
    ApproveReinstatement: protection.approve_reinstatement,
    LeaveForGood: protection.leave_for_good,
    Enter: access.enter,
    ChangePlay: access.change_play,
    RecordFinding: access.record_finding,
    Conclude: concluding.conclude,
    Deliver: mirror.deliver,
}


def decide(player: Player, command: Command, registry: Registry, now_us: int) -> Decided:
    """Decide one command with one key. Changes nothing."""
    source_id = registry.sources[command.source]
    scene = Scene(player, command, registry, source_id, now_us)
    if player.licensee.mirrored:
        decided = _decide_mirrored(scene)
    else:
        decided = backdate(scene, _RULES[type(command.action)](scene, command.action))
    if decided.entry.asset is None:
        decided.entry.asset = shown_asset(scene)
    return decided


def _decide_mirrored(scene: Scene) -> Decided:
    """The same rules; but what takes money is only intended, because it is the licensee's wallet that has it."""
    waiting = mirror.before(scene)
    if waiting is not None:
        return waiting
    action = scene.command.action
    decided = backdate(scene, _RULES[type(action)](scene, action))
    return decided if isinstance(action, Conclude | Deliver) else mirror.intend(scene, decided)


def decide_together(
    player: Player, commands: list[Command], registry: Registry, now_us: int, next_sequence: int
) -> list[Decided]:
    """Decide several commands of one player, all or nothing (money/FORMAT rule 13).

    Known keys replay and new ones apply in order. A refused item keeps its outcome
    and every other new key is stored as NOT_APPLIED; RETRY or FATAL stores nothing.
    """
    source_id = registry.sources[commands[0].source]
    trial = player.trial(name for command in commands for name in _rounds_of(player, command, source_id))
    decided = []
    for command in commands:
        one = decide(trial, command, registry, now_us)
        decided.append(one)
        next_sequence = _rehearse(trial, one, now_us, next_sequence)
    classes = {class_of(one.entry.outcome) for one in decided}
    if classes == {OutcomeClass.SUCCESS}:
        return decided
    return _withhold(player, decided, stores=classes <= {OutcomeClass.SUCCESS, OutcomeClass.REJECT})


def _rounds_of(player: Player, command: Command, source_id: int) -> list[tuple[int, str]]:
    """The rounds that a command may change."""
    match command.action:
        case Bet() | Win() | CloseRound():
            return [(source_id, command.action.round)]
        case Cancel():
            stored = player.keys.get((source_id, command.action.of, command.action.bet_key))
        case ReverseWin():
            stored = player.keys.get((source_id, Kind.WIN, command.action.win_key))
        case UndoRollback():
            stored = player.keys.get((source_id, Kind.CANCEL, command.action.cancel_key))
        case RollbackList():
            return reversals.rounds_of(player, source_id, command.action)
        case _:
            return []
    return [(source_id, stored.round)] if stored is not None and stored.round else []


def _rehearse(trial: Player, one: Decided, now_us: int, next_sequence: int) -> int:
    for entry in one.new:
        entry.sequence, entry.recorded_us = next_sequence, now_us
        apply(trial, entry)
        next_sequence += 1
    return next_sequence


def _withhold(player: Player, decided: list[Decided], *, stores: bool) -> list[Decided]:
    """Take back a message that was only rehearsed: known keys replay, its first new refusal stays."""
    told: dict[Key, Decided] = {}
    refused = not stores
    for number, one in enumerate(decided):
        entry = _under_its_own_key(player, one.entry)
        name = (entry.source_id, entry.kind, entry.key or "")
        if entry.outcome in NEVER_STORED:
            # When a win came first is no answer, and is kept whatever becomes of its message.
            decided[number] = Decided(entry, tuple(mark for mark in one.new if mark.kind is Kind.EARLY_WIN))
        elif name in told:
            # The key stands twice in the message: its first answer is the one that counts.
            decided[number] = Decided(told[name].entry, replayed=stores)
        elif one.replayed and not one.new:
            refused = refused or _is_refusal(entry)
        elif _is_refusal(entry) and not refused:
            refused = True
            decided[number] = told[name] = Decided(entry, (entry,))
        else:
            withheld = _copy_key(entry, Outcome.NOT_APPLIED)
            decided[number] = told[name] = Decided(withheld, (withheld,) if stores else ())
    return decided


def _is_refusal(entry: Entry) -> bool:
    return class_of(entry.outcome) is OutcomeClass.REJECT


def _under_its_own_key(player: Player, entry: Entry) -> Entry:
    """What comes late, after a tombstone that was rehearsed only, is refused under its own key."""
    kind = LATE_KINDS.get(entry.kind)
    if kind is not None and (entry.source_id, kind, entry.key or "") not in player.keys:
        entry.kind = kind
    return entry


def _copy_key(entry: Entry, outcome: Outcome) -> Entry:
    """The same key and content with another outcome, and no money."""
    twin = Entry(entry.kind, entry.source_id, entry.key, outcome, entry.fingerprint, request_id=entry.request_id)
    twin.asset, twin.amount, twin.round, twin.game = entry.asset, entry.amount, entry.round, entry.game
    twin.session, twin.reference = entry.session, entry.reference
    return twin


def split(command: Command) -> list[Command]:
    """The commands behind one message: two for a bet and win, else the command itself."""
    action = command.action
    if not isinstance(action, BetAndWin):
        return [command]
    bet = action.bet
    stake = Bet(
        round=bet.round,
        money=bet.money,
        game=bet.game,
        session=bet.session,
        jackpot=bet.jackpot,
        automatic=bet.automatic,
        free=bet.free,
        assertion=bet.assertion,
    )
    result = Win(
        round=bet.round,
        money=action.win_money,
        bet_key=command.key,
        game=bet.game,
        session=bet.session,
        close=bet.close,
    )
    common = (command.licensee, command.source, command.player)
    return [
        Command(*common, command.key, stake, command.request_id),
        Command(*common, action.win_key, result, command.request_id),
    ]


def shown_asset(scene: Scene) -> Asset | None:
    """The currency in which balances are shown: the one sent, else the session's, else the main one."""
    money = getattr(scene.command.action, "money", None)
    if isinstance(money, MoneyText):
        asset = scene.asset(money.currency)
        if asset is not None and scene.player.has_account(asset.id):
            return asset
    play = scene.player.plays.get(getattr(scene.command.action, "session", ""))
    return play.asset if play is not None else scene.player.main
