"""What a command must know before it is decided, and a book does not know yet. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wallet_svc.domain.adjusting import proposed
from wallet_svc.domain.asserting import NOTARY
from wallet_svc.domain.commands import (
    Action,
    Adjust,
    ApproveAdjustment,
    Bet,
    Cancel,
    Capture,
    ChangePlay,
    CloseRound,
    Command,
    Conclude,
    Deliver,
    EndPlay,
    Expire,
    FreeRound,
    OpenPlay,
    Release,
    ResumePlay,
    ReverseWin,
    RollbackList,
    Tip,
    UndoRollback,
    Win,
)
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Entry, Player
from wallet_svc.domain.vocabulary import INTENT_KINDS, Kind, Outcome


@dataclass(slots=True)
class Needs:
    """Lookups by player id. Sets, because several commands may need the same."""

    keys: set[tuple[int, int, int, str]] = field(default_factory=set)
    """(player id, source id, kind, key)."""
    rounds: set[tuple[int, int, str]] = field(default_factory=set)
    plays: set[tuple[int, str]] = field(default_factory=set)
    open_plays: set[int] = field(default_factory=set)
    """Players of whom every open session matters."""
    holds: set[tuple[int, int, str]] = field(default_factory=set)
    undone: set[tuple[int, int, int]] = field(default_factory=set)
    """(player id, shard, sequence) of entries that may have been undone."""

    def any(self) -> bool:
        return bool(self.keys or self.rounds or self.plays or self.open_plays or self.holds or self.undone)


Coming = set[tuple[int, int, str, str]]
"""Bets that are decided in the same flight, taken for new: (player id, source id, round, key)."""


def is_known(player: Player, command: Command, source_id: int, coming: Coming) -> bool:
    """Whether a bet or a win, taken for new, can be decided without reading. False when in doubt.

    A win that names a bet of the same flight needs nothing else: if that bet turns out
    not to be new, its answer is doubtful, or the database refuses the batch.
    """
    if command.effective_us is not None:
        return False
    action = command.action
    if isinstance(action, Bet):
        coming.add((player.id, source_id, action.round, command.key))
        return action.session in player.plays
    if isinstance(action, Win):
        if action.bet_key:
            if (player.id, source_id, action.round, action.bet_key) in coming:
                return True
            if (source_id, Kind.BET, action.bet_key) not in player.keys:
                return False
        return (source_id, action.round) in player.rounds
    return False


def collect(needs: Needs, player: Player, command: Command, sources: Mapping[str, int], *, all_keys: bool) -> None:
    """Note what one command needs. Own keys and rounds of bets are taken for new unless `all_keys`."""
    action, source_id = command.action, sources[command.source]
    if all_keys and isinstance(action, Bet | OpenPlay | ChangePlay) and action.assertion is not None:
        _key(needs, player, sources[NOTARY], Kind.NONCE, action.assertion.nonce)
    if isinstance(action, Bet):
        _play(needs, player, action.session)
        if all_keys:
            _key(needs, player, source_id, Kind.BET, command.key)
            _key(needs, player, source_id, Kind.LATE_BET, command.key)
            _round(needs, player, source_id, action.round)
        return
    if all_keys and command.key:
        for kind in (command.kind, *_BESIDE.get(command.kind, ())):
            _key(needs, player, source_id, kind, command.key)
    if isinstance(action, Deliver):
        _key(needs, player, source_id, Kind.DELIVERY_REFUSED, str(action.owed))
    elif isinstance(action, REFERRING):
        collect_references(needs, player, command, sources)
    else:
        _collect_named(needs, player, action, source_id)


_BESIDE = {Kind.WIN: (Kind.LATE_WIN, Kind.EARLY_WIN), Kind.TIP: (Kind.LATE_TIP,)}
"""What may stand beside the answer to an action, under the same key."""


def _collect_named(needs: Needs, player: Player, action: Action, source_id: int) -> None:
    """What an action names itself."""
    match action:
        case Win():
            if action.bet_key:
                _key(needs, player, source_id, Kind.BET, action.bet_key)
            _round(needs, player, source_id, action.round)
        case CloseRound():
            _round(needs, player, source_id, action.round)
        case Capture() | Release() | Expire():
            _hold(needs, player, source_id, action.hold_key)
        case OpenPlay() | ResumePlay():
            _play(needs, player, action.session)
            _open_plays(needs, player)
        case EndPlay() | ChangePlay():
            _play(needs, player, action.session)
        case Tip():
            _play(needs, player, action.session)
            if action.round:
                _round(needs, player, source_id, action.round)
        case FreeRound():
            _key(needs, player, source_id, Kind.GRANT, action.grant)
        case _:
            pass


REFERRING = (Cancel, ReverseWin, UndoRollback, RollbackList, Adjust, ApproveAdjustment, Conclude)
"""Actions about others: what they need is known only once those are."""
DEPTH = 4
"""Readings after which everything is known: approval, proposal, transaction, round."""


def collect_references(needs: Needs, player: Player, command: Command, sources: Mapping[str, int]) -> None:
    """Note what an action about others needs next, as far as the others are known."""
    action, source_id = command.action, sources[command.source]
    match action:
        case Cancel():
            _transaction(needs, player, source_id, action.of, action.bet_key)
        case ReverseWin():
            _transaction(needs, player, source_id, Kind.WIN, action.win_key)
        case UndoRollback():
            _transaction(needs, player, source_id, Kind.CANCEL, action.cancel_key)
        case RollbackList():
            for kind, key in action.items:
                _transaction(needs, player, source_id, kind, key)
        case Adjust():
            _transaction(needs, player, sources.get(action.ref_source, source_id), action.ref_kind, action.ref_key)
        case ApproveAdjustment():
            _key(needs, player, source_id, Kind.ADJUST, action.proposal_key)
            _key(needs, player, source_id, Kind.PROPOSE_ADJUSTMENT, action.proposal_key)
            proposal = player.keys.get((source_id, Kind.PROPOSE_ADJUSTMENT, action.proposal_key))
            if proposal is not None and proposal.outcome is Outcome.OK:
                wanted = proposed(proposal)
                _transaction(needs, player, sources.get(wanted.ref_source, source_id), wanted.ref_kind, wanted.ref_key)
        case Conclude():
            _intended(needs, player, source_id, action)
        case _:
            pass


def _intended(needs: Needs, player: Player, source_id: int, end: Conclude) -> None:
    """An intent and its answer, then the intent's round: another process may have decided it."""
    intended = INTENT_KINDS[end.of]
    _key(needs, player, source_id, end.of, end.ref)
    _key(needs, player, source_id, intended, end.ref)
    intent = player.keys.get((source_id, intended, end.ref))
    if intent is None:
        return
    if intent.round:
        _round(needs, player, source_id, intent.round)
    if end.of is Kind.APPROVE_ADJUSTMENT:
        for kind in (Kind.PROPOSE_ADJUSTMENT, Kind.ADJUST):
            _key(needs, player, source_id, kind, intent.reference or "")
    for kind, key, _ in (intent.details or {}).get("items", ()):
        _transaction(needs, player, source_id, Kind(kind), key)


def _transaction(needs: Needs, player: Player, source_id: int, kind: Kind, key: str) -> None:
    """A transaction, then its round, and whether it was undone."""
    _key(needs, player, source_id, kind, key)
    found = player.keys.get((source_id, kind, key))
    if found is None or found.outcome is not Outcome.OK:
        return
    if found.round:
        _round(needs, player, source_id, found.round)
    if ("undone", found.sequence) not in player.probed:
        player.probed.add(("undone", found.sequence))
        needs.undone.add((player.id, found.shard, found.sequence))


def is_doubtful(player: Player, decided: Decided) -> bool:
    """Whether the answer could be another one if nothing had been taken for new.

    What is accepted is sure: a key or a round that was there already makes the database refuse the batch.
    A refused bet writes no round, so nobody would notice that the round is closed, or had a bet before.
    A win that came with its bet and found it refused has not looked at the round either.
    """
    entry = decided.entry
    if decided.replayed:
        return False
    if entry.kind is Kind.WIN:
        paid = entry.outcome is Outcome.OK and entry.case is None
        return not (paid or (_has_round(player, entry) and _has_reference(player, entry)))
    if entry.kind is not Kind.BET:
        return entry.outcome in _UNSTORED_REFUSALS
    if entry.outcome not in _BEYOND_THE_ROUND:
        return False
    return not _has_round(player, entry)


def _has_round(player: Player, entry: Entry) -> bool:
    name = (entry.source_id, entry.round or "")
    return name in player.rounds or ("round", *name) in player.probed


def _has_reference(player: Player, entry: Entry) -> bool:
    if not entry.reference:
        return True
    name = (entry.source_id, Kind.BET, entry.reference)
    return name in player.keys or name in player.probed


_BEYOND_THE_ROUND = frozenset(
    {
        Outcome.CURRENCY_MISMATCH,
        Outcome.AMOUNT_INVALID,
        Outcome.LIMIT_EXCEEDED,
        Outcome.COMPLIANCE_DENIED,
        Outcome.INSUFFICIENT_FUNDS,
        Outcome.NOT_APPLIED,
        Outcome.REQUEST_INVALID,
    }
)
"""Refusals of a bet before which its round is looked at, and the one that stores no key."""
_UNSTORED_REFUSALS = frozenset({Outcome.REQUEST_INVALID, Outcome.APPROVAL_NEEDED, Outcome.APPROVAL_INVALID})


def _key(needs: Needs, player: Player, source_id: int, kind: Kind, key: str) -> None:
    name = (source_id, kind, key)
    if name not in player.keys and name not in player.probed:
        player.probed.add(name)
        needs.keys.add((player.id, source_id, kind, key))


def _round(needs: Needs, player: Player, source_id: int, name: str) -> None:
    if (source_id, name) not in player.rounds and ("round", source_id, name) not in player.probed:
        player.probed.add(("round", source_id, name))
        needs.rounds.add((player.id, source_id, name))


def _play(needs: Needs, player: Player, session: str) -> None:
    if session and session not in player.plays and ("play", session) not in player.probed:
        player.probed.add(("play", session))
        needs.plays.add((player.id, session))


def _open_plays(needs: Needs, player: Player) -> None:
    if not player.plays_known:
        player.plays_known = True
        needs.open_plays.add(player.id)


def _hold(needs: Needs, player: Player, source_id: int, key: str) -> None:
    if (source_id, key) not in player.holds and ("hold", source_id, key) not in player.probed:
        player.probed.add(("hold", source_id, key))
        needs.holds.add((player.id, source_id, key))
