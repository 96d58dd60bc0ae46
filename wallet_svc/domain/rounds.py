"""Closing a round. No money; the key is the round itself."""

from wallet_svc.domain.commands import CloseRound
from wallet_svc.domain.scene import Decided, Scene
from wallet_svc.domain.state import Entry
from wallet_svc.domain.vocabulary import Case, Kind, Outcome, RoundState


def close_round(scene: Scene, action: CloseRound) -> Decided:
    """Close an open round. A closed one is a replay; an unknown one is fine and leaves nothing.

    A round that was idle for too long is closed already; the ledger's own word for it writes that down.
    """
    entry = Entry(Kind.CLOSE_ROUND, scene.source_id, None, Outcome.OK, request_id=scene.command.request_id)
    entry.round = action.round
    round_ = scene.player.rounds.get((scene.source_id, action.round))
    if round_ is None:
        return Decided(entry)
    entry.asset = round_.asset
    idle = round_.closed_at(scene.now_us) is not None
    if round_.state is RoundState.CLOSED or (idle and not action.idle):
        return Decided(entry, replayed=True)
    if action.idle and not idle:
        return Decided(entry)
    entry.details = {"close": True}
    if idle:
        entry.case = Case.STALE_ROUND
    return Decided(entry, (entry,))
