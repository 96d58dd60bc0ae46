"""Credits without a bet, and corrections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.torture.model.amounts import smallest_units
from tests.torture.model.answer import Answer, Line, Step, alone
from tests.torture.model.state import Parts

if TYPE_CHECKING:
    from tests.torture.model.player import Player

_HOUSE = {"promo": "promotions", "tournament": "promotions", "jackpot": "jackpots"}


def credit(player: Player, step: Step) -> Answer:
    """A promotional credit, a prize or a jackpot, to cash or to bonus."""
    amount = smallest_units(step["amount"], player.exponent)
    if amount is None or amount <= 0:
        return alone(step, "AMOUNT_INVALID")
    house = _HOUSE[step["do"]], step["by"]
    return Answer("OK", player.give(step["do"], step["key"], _parts(step, amount), house))


def free_round(player: Player, step: Step) -> Answer:
    """The total pays and spins are recorded only. The first message of a grant fixes that."""
    amount = smallest_units(step["amount"], player.exponent)
    if amount is None or amount < 0:
        return alone(step, "AMOUNT_INVALID")
    paid = amount if step["do"] == "free_round_total" else 0
    lines = player.give(step["do"], step["key"], _parts(step, paid), ("promotions", step["by"]))
    if (step["by"], step["grant"]) not in player.grants:
        player.grants.add((step["by"], step["grant"]))
        lines.append(Line("grant", step["grant"], "OK"))
    return Answer("OK", lines)


def _parts(step: Step, amount: int) -> Parts:
    return Parts(0, amount) if step["to"] == "bonus" else Parts(amount)


def adjust(player: Player, step: Step) -> Answer:
    """Correct an accepted bet or win, in cash."""
    by, kind, ref = step["by"], step["of"], step["ref"]
    if player.is_buried(by, kind, ref):
        return alone(step, "ALREADY_ROLLED_BACK")
    one = player.wins.get((by, ref)) if kind == "win" else player.stakes.get((by, kind, ref))
    if one is None:
        return alone(step, "ORIGINAL_NOT_FOUND")
    if one.undone:
        return alone(step, "ALREADY_ROLLED_BACK")
    return _correct(player, step)


def _correct(player: Player, step: Step) -> Answer:
    amount, by = smallest_units(step["amount"], player.exponent), step["by"]
    if not amount:
        return alone(step, "AMOUNT_INVALID")
    if amount > 0:
        return Answer("OK", player.give("adjust", step["key"], Parts(amount), ("gaming", by)))
    if -amount > player.cash:
        return alone(step, "INSUFFICIENT_FUNDS")
    return Answer("OK", player.take("adjust", step["key"], Parts(-amount), ("gaming", by)))
