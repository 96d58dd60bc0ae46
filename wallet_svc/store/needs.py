"""What a command must know before it is decided, and a book does not know yet. Pure."""

from dataclasses import dataclass, field

from wallet_svc.domain.commands import (
    Bet,
    Cancel,
    Capture,
    CloseRound,
    Command,
    EndPlay,
    Expire,
    OpenPlay,
    Release,
    Win,
)
from wallet_svc.domain.scene import Decided
from wallet_svc.domain.state import Entry, Player
from wallet_svc.domain.vocabulary import Kind, Outcome


@dataclass(slots=True)
class Needs:
    """Lookups by player id. Sets, because several commands may need the same."""

    keys: set[tuple[int, int, int, str]] = field(default_factory=set)
    """(player id, source id, kind, key)."""
    rounds: set[tuple[int, int, str]] = field(default_factory=set)
    plays: set[tuple[int, str]] = field(default_factory=set)
    holds: set[tuple[int, int, str]] = field(default_factory=set)

    def any(self) -> bool:
        return bool(self.keys or self.rounds or self.plays or self.holds)


Coming = set[tuple[int, int, str, str]]
"""Bets that are decided in the same flight, taken for new: (player id, source id, round, key)."""


def is_known(player: Player, command: Command, source_id: int, coming: Coming) -> bool:
    """Whether a bet or a win, taken for new, can be decided without reading. False when in doubt.

    A win that names a bet of the same flight needs nothing else: if that bet turns out
    not to be new, its answer is doubtful, or the database refuses the batch.
    """
    if player.usage is None and player.protection is not None and player.protection.limits:
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


def collect(needs: Needs, player: Player, command: Command, source_id: int, *, all_keys: bool) -> None:
    """Note what one command needs. Own keys and rounds of bets are taken for new unless `all_keys`."""
    action = command.action
    if isinstance(action, Bet):
        _play(needs, player, action.session)
        if all_keys:
            _key(needs, player, source_id, Kind.BET, command.key)
            _key(needs, player, source_id, Kind.LATE_BET, command.key)
            _round(needs, player, source_id, action.round)
        return
    if all_keys and command.key:
        _key(needs, player, source_id, command.kind, command.key)
    match action:
        case Win():
            if action.bet_key:
                _key(needs, player, source_id, Kind.BET, action.bet_key)
            _round(needs, player, source_id, action.round)
        case Cancel():
            _key(needs, player, source_id, Kind.BET, action.bet_key)
        case CloseRound():
            _round(needs, player, source_id, action.round)
        case Capture() | Release() | Expire():
            _hold(needs, player, source_id, action.hold_key)
        case OpenPlay() | EndPlay():
            _play(needs, player, action.session)
        case _:
            pass


def collect_cancelled_round(needs: Needs, player: Player, command: Command, source_id: int) -> None:
    """The round of a bet that is to be cancelled: known only once the bet is."""
    if isinstance(command.action, Cancel):
        stake = player.keys.get((source_id, Kind.BET, command.action.bet_key))
        if stake is not None and stake.round and not stake.tombstone:
            _round(needs, player, source_id, stake.round)


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
    if entry.outcome not in _BEYOND_THE_ROUND:
        return False
    if entry.kind is not Kind.BET:
        return entry.outcome is Outcome.REQUEST_INVALID
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


def _hold(needs: Needs, player: Player, source_id: int, key: str) -> None:
    if (source_id, key) not in player.holds and ("hold", source_id, key) not in player.probed:
        player.probed.add(("hold", source_id, key))
        needs.holds.add((player.id, source_id, key))
