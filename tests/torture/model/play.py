"""Bets, wins, tips and the end of rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.torture.model.amounts import smallest_units
from tests.torture.model.answer import Answer, Step, alone
from tests.torture.model.state import Parts, Round, Stake, Win

if TYPE_CHECKING:
    from tests.torture.model.player import Player

CASH, BONUS = ("cash", ""), ("bonus", "")


def bet(player: Player, step: Step) -> Answer:
    """Take a stake, cash first and then bonus. The first accepted one opens the round."""
    if player.is_buried(step["by"], "bet", step["key"]):
        return alone(step, "ALREADY_ROLLED_BACK", kind="late_bet")
    amount = smallest_units(step["amount"], player.exponent)
    if amount is None or amount < 0:
        return alone(step, "AMOUNT_INVALID")
    round_ = player.rounds.get((step["by"], step["round"]))
    if round_ is not None and round_.closed_us is not None:
        return alone(step, "ROUND_CLOSED")
    if _over_a_limit(player, amount):
        return alone(step, "LIMIT_EXCEEDED")
    if amount > player.cash + player.bonus:
        return alone(step, "INSUFFICIENT_FUNDS")
    parts = Parts(min(amount, player.cash), amount - min(amount, player.cash))
    round_ = player.rounds.setdefault((step["by"], step["round"]), Round())
    round_.bets.append(step["key"])
    player.stakes[step["by"], "bet", step["key"]] = Stake(step["key"], step["round"], parts, player.next())
    player.lost += amount
    if step.get("close"):
        round_.closed_us = player.now_us
    return Answer("OK", player.take("bet", step["key"], parts, ("gaming", step["by"])))


def _over_a_limit(player: Player, amount: int) -> bool:
    if player.stake_limit is not None and amount > player.stake_limit:
        return True
    # Who has won more than lost has used nothing of a loss limit, and saves nothing up.
    return player.loss_limit is not None and max(player.lost, 0) + amount > player.loss_limit


def win(player: Player, step: Step) -> Answer:
    """Pay the result of a bet, or of all live bets of a round, in the proportion of their sources."""
    if player.is_buried(step["by"], "win", step["key"]):
        return alone(step, "ALREADY_ROLLED_BACK", kind="late_win")
    flags = player.flags[step["by"]]
    refusal = _named(player, step) if step.get("ref") else _unnamed(player, step)
    if refusal == "ORIGINAL_NOT_FOUND" and flags.win_without_bet:
        refusal = ""
    if refusal:
        return alone(step, refusal)
    amount = smallest_units(step["amount"], player.exponent)
    if amount is None or amount < 0:
        return alone(step, "AMOUNT_INVALID")
    round_ = player.rounds.get((step["by"], step["round"]))
    closed = round_.closed_us if round_ is not None else None
    if closed is not None and player.now_us >= closed + flags.late_win_window_us:
        return alone(step, "ROUND_CLOSED")
    parts = _share(amount, _results(player, step))
    made = Win(step["key"], step["round"], step.get("ref", ""), parts, player.next())
    player.wins[step["by"], step["key"]] = made
    player.lost -= amount
    if round_ is not None:
        round_.wins.append(step["key"])
        if step.get("close") and closed is None:
            round_.closed_us = player.now_us
    return Answer("OK", player.give("win", step["key"], parts, ("gaming", step["by"])))


def _named(player: Player, step: Step) -> str:
    if player.is_buried(step["by"], "bet", step["ref"]):
        return "ALREADY_ROLLED_BACK"
    one = player.stakes.get((step["by"], "bet", step["ref"]))
    if one is None or one.round != step["round"]:
        return "ORIGINAL_NOT_FOUND"
    if one.undone:
        return "ALREADY_ROLLED_BACK"
    one_credit = player.flags[step["by"]].one_credit_per_bet
    return "ALREADY_SETTLED" if one_credit and has_win(player, step["by"], one) else ""


def _unnamed(player: Player, step: Step) -> str:
    bets = _bets_of(player, step)
    if not bets:
        return "ORIGINAL_NOT_FOUND"
    live = [one for one in bets if not one.undone]
    if not live:
        return "ALREADY_ROLLED_BACK"
    one_credit = player.flags[step["by"]].one_credit_per_bet
    return "ALREADY_SETTLED" if one_credit and all(has_win(player, step["by"], one) for one in live) else ""


def _results(player: Player, step: Step) -> list[Stake]:
    """The bets whose result a win is."""
    if step.get("ref"):
        one = player.stakes.get((step["by"], "bet", step["ref"]))
        return [one] if one is not None and one.round == step["round"] else []
    return [one for one in _bets_of(player, step) if not one.undone]


def _bets_of(player: Player, step: Step) -> list[Stake]:
    round_ = player.rounds.get((step["by"], step["round"]))
    return [player.stakes[step["by"], "bet", key] for key in round_.bets] if round_ is not None else []


def _share(amount: int, bets: list[Stake]) -> Parts:
    bonus = sum(one.parts.bonus for one in bets)
    part = amount * bonus // sum(one.amount for one in bets) if bonus else 0
    return Parts(amount - part, part)


def wins_of(player: Player, by: str, one: Stake) -> list[Win]:
    """The live wins that settle a bet."""
    wins = [player.wins[by, key] for key in player.rounds[by, one.round].wins]
    return [found for found in wins if found.settles(one)]


def has_win(player: Player, by: str, one: Stake) -> bool:
    """Whether a live win settles a bet."""
    return bool(wins_of(player, by, one))


def tip(player: Player, step: Step) -> Answer:
    """A dealer's tip, of cash only. It has no round."""
    if player.is_buried(step["by"], "tip", step["key"]):
        return alone(step, "ALREADY_ROLLED_BACK", kind="late_tip")
    amount = smallest_units(step["amount"], player.exponent)
    if amount is None or amount <= 0:
        return alone(step, "AMOUNT_INVALID")
    if amount > player.cash:
        return alone(step, "INSUFFICIENT_FUNDS")
    player.stakes[step["by"], "tip", step["key"]] = Stake(step["key"], "", Parts(amount), player.next())
    return Answer("OK", player.take("tip", step["key"], Parts(amount), ("tips", step["by"])))


def close_round(player: Player, step: Step) -> Answer:
    """No more bets. A round that was never opened leaves nothing."""
    round_ = player.rounds.get((step["by"], step["round"]))
    if round_ is None:
        return Answer("OK")
    if round_.closed_us is not None:
        return Answer("OK", replayed=True)
    round_.closed_us = player.now_us
    return Answer("OK", alone({**step, "key": step["round"]}, "OK").lines)
