"""Bets, wins, cancels and the end of rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.torture.model.amounts import smallest_units
from tests.torture.model.answer import Answer, Line, Step
from tests.torture.model.state import Bet, Round

if TYPE_CHECKING:
    from tests.torture.model.player import Player

CASH = ("cash", "")


def bet(player: Player, step: Step) -> Answer:
    """Take a stake. The first accepted one opens the round."""
    name = (step["by"], step["key"])
    if name in player.buried:
        return _one(step, "ALREADY_ROLLED_BACK", kind="late_bet")
    amount = smallest_units(step["amount"], player.exponent)
    if amount is None or amount < 0:
        return _one(step, "AMOUNT_INVALID")
    round_ = player.rounds.get((step["by"], step["round"]))
    if round_ is not None and round_.closed_us is not None:
        return _one(step, "ROUND_CLOSED")
    if _over_a_limit(player, amount):
        return _one(step, "LIMIT_EXCEEDED")
    if amount > player.cash:
        return _one(step, "INSUFFICIENT_FUNDS")
    _stake(player, step, amount)
    posting = player.move(CASH, ("gaming", step["by"]), amount)
    return Answer("OK", [Line("bet", step["key"], "OK", posting)])


def _over_a_limit(player: Player, amount: int) -> bool:
    if player.stake_limit is not None and amount > player.stake_limit:
        return True
    # Who has won more than lost has used nothing of a loss limit, and saves nothing up.
    return player.loss_limit is not None and max(player.lost, 0) + amount > player.loss_limit


def _stake(player: Player, step: Step, amount: int) -> None:
    round_ = player.rounds.setdefault((step["by"], step["round"]), Round())
    round_.bets.append(step["key"])
    player.bets[step["by"], step["key"]] = Bet(step["key"], step["round"], amount)
    player.lost += amount
    if step.get("close"):
        round_.closed_us = player.now_us


def win(player: Player, step: Step) -> Answer:
    """Pay the result of a bet, or of all live bets of a round."""
    flags = player.flags[step["by"]]
    refusal = _reference(player, step, one_credit=flags.one_credit_per_bet)
    if refusal == "ORIGINAL_NOT_FOUND" and flags.win_without_bet:
        refusal = ""
    if refusal:
        return _one(step, refusal)
    amount = smallest_units(step["amount"], player.exponent)
    if amount is None or amount < 0:
        return _one(step, "AMOUNT_INVALID")
    round_ = player.rounds.get((step["by"], step["round"]))
    closed = round_.closed_us if round_ is not None else None
    if closed is not None and player.now_us >= closed + flags.late_win_window_us:
        return _one(step, "ROUND_CLOSED")
    for one in _results(player, step):
        one.wins += 1
    player.lost -= amount
    if round_ is not None and step.get("close") and closed is None:
        round_.closed_us = player.now_us
    posting = player.move(("gaming", step["by"]), CASH, amount)
    return Answer("OK", [Line("win", step["key"], "OK", posting)])


def _reference(player: Player, step: Step, *, one_credit: bool) -> str:
    if step.get("ref"):
        return _named(player, step, one_credit=one_credit)
    bets = _bets_of(player, step)
    if not bets:
        return "ORIGINAL_NOT_FOUND"
    live = [one for one in bets if not one.undone]
    if not live:
        return "ALREADY_ROLLED_BACK"
    return "ALREADY_SETTLED" if one_credit and all(one.wins for one in live) else ""


def _named(player: Player, step: Step, *, one_credit: bool) -> str:
    name = (step["by"], step["ref"])
    if name in player.buried:
        return "ALREADY_ROLLED_BACK"
    one = player.bets.get(name)
    if one is None or one.round != step["round"]:
        return "ORIGINAL_NOT_FOUND"
    if one.undone:
        return "ALREADY_ROLLED_BACK"
    return "ALREADY_SETTLED" if one_credit and one.wins else ""


def _results(player: Player, step: Step) -> list[Bet]:
    """The bets that a win settles."""
    if step.get("ref"):
        one = player.bets.get((step["by"], step["ref"]))
        return [one] if one is not None and one.round == step["round"] else []
    return [one for one in _bets_of(player, step) if not one.undone]


def _bets_of(player: Player, step: Step) -> list[Bet]:
    round_ = player.rounds.get((step["by"], step["round"]))
    return [player.bets[step["by"], key] for key in round_.bets] if round_ is not None else []


def cancel(player: Player, step: Step) -> Answer:
    """Give a stake back, once; a stake that was never seen is refused for ever."""
    name = (step["by"], step["ref"])
    if name in player.buried:
        return _one(step, "TOMBSTONED")
    one = player.bets.get(name)
    if one is None:
        return _bury(player, step)
    if one.undone:
        return _one(step, "OK")
    if one.wins or _round_of(player, step["by"], one).closed_us is not None:
        return _one(step, "ALREADY_SETTLED")
    one.undone = True
    player.lost -= one.amount
    posting = player.move(("gaming", step["by"]), CASH, one.amount)
    return Answer("OK", [Line("cancel", step["key"], "OK", posting)])


def _bury(player: Player, step: Step) -> Answer:
    lines = [Line("cancel", step["key"], "TOMBSTONED")]
    if (step["by"], "bet", step["ref"]) not in player.answers:
        player.buried.add((step["by"], step["ref"]))
        lines.append(Line("bet", step["ref"], "ALREADY_ROLLED_BACK"))
    return Answer("TOMBSTONED", lines)


def _round_of(player: Player, by: str, one: Bet) -> Round:
    return player.rounds[by, one.round]


def close_round(player: Player, step: Step) -> Answer:
    """No more bets. A round that was never opened leaves nothing."""
    round_ = player.rounds.get((step["by"], step["round"]))
    if round_ is None:
        return Answer("OK")
    if round_.closed_us is not None:
        return Answer("OK", replayed=True)
    round_.closed_us = player.now_us
    return Answer("OK", [Line("close_round", step["round"], "OK")])


def _one(step: Step, outcome: str, kind: str = "") -> Answer:
    return Answer(outcome, [Line(kind or step["do"], step["key"], outcome)])
