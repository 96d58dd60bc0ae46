"""Deposits, withdrawals as holds, transfers to and from a game wallet, and the limits that a player sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.torture.model.amounts import smallest_units
from tests.torture.model.answer import INVALID, Answer, Line, Step, alone
from tests.torture.model.state import Hold

if TYPE_CHECKING:
    from tests.torture.model.player import Player

CASH, HELD = ("cash", ""), ("held", "")


def deposit(player: Player, step: Step) -> Answer:
    """Confirmed money from outside."""
    if player.game_wallet:
        return Answer(INVALID)
    return _into(player, step)


def transfer_in(player: Player, step: Step) -> Answer:
    """Money of the licensee, to be played with."""
    return _into(player, step) if player.game_wallet else Answer(INVALID)


def transfer_out(player: Player, step: Step) -> Answer:
    """An amount back to the licensee, or all that is free, which may be nothing."""
    if not player.game_wallet:
        return Answer(INVALID)
    amount = smallest_units(step["amount"], player.exponent) if step["amount"] else player.cash
    if step["amount"] and (amount is None or amount <= 0):
        return alone(step, "AMOUNT_INVALID")
    if amount is None or amount > player.cash:
        return alone(step, "INSUFFICIENT_FUNDS")
    posting = player.move(CASH, ("outside", step["by"]), amount)
    return Answer("OK", [Line("transfer_out", step["key"], "OK", posting)])


def _into(player: Player, step: Step) -> Answer:
    amount = smallest_units(step["amount"], player.exponent)
    if amount is None or amount <= 0:
        return alone(step, "AMOUNT_INVALID")
    posting = player.move(("outside", step["by"]), CASH, amount)
    return Answer("OK", [Line(step["do"], step["key"], "OK", posting)])


def hold(player: Player, step: Step) -> Answer:
    """Reserve available money."""
    if player.game_wallet:
        return Answer(INVALID)
    amount = smallest_units(step["amount"], player.exponent)
    if amount is None or amount <= 0:
        return alone(step, "AMOUNT_INVALID")
    if amount > player.cash:
        return alone(step, "INSUFFICIENT_FUNDS")
    seconds = step.get("seconds")
    expires = None if seconds is None else player.now_us + seconds * 1_000_000
    player.holds[step["by"], step["key"]] = Hold(amount, amount, expires)
    return Answer("OK", [Line("hold", step["key"], "OK", player.move(CASH, HELD, amount))])


def capture(player: Player, step: Step) -> Answer:
    """Let held money leave: a part, or all that is left."""
    held = player.holds.get((step["by"], step["ref"]))
    if held is None:
        return alone(step, "ORIGINAL_NOT_FOUND")
    asked = smallest_units(step["amount"], player.exponent) if step.get("amount") else held.left
    if step.get("amount") and (asked is None or asked <= 0):
        return alone(step, "AMOUNT_INVALID")
    if _is_over(player, held):
        return alone(step, "HOLD_ENDED")
    if asked is None or asked > held.left:
        return alone(step, "HOLD_EXCEEDED")
    held.left -= asked
    held.state = held.state if held.left else "CAPTURED"
    posting = player.move(HELD, ("outside", step["by"]), asked)
    return Answer("OK", [Line("capture", step["key"], "OK", posting)])


def release(player: Player, step: Step) -> Answer:
    """Give back what is left."""
    held = player.holds.get((step["by"], step["ref"]))
    if held is None:
        return alone(step, "ORIGINAL_NOT_FOUND")
    if _is_over(player, held):
        return alone(step, "HOLD_ENDED")
    return Answer("OK", [_give_back(player, held, "release", step["key"], "RELEASED")])


def expire(player: Player, step: Step) -> Answer:
    """The ledger's own release of what is left when the time is over."""
    held = player.holds.get((step["by"], step["key"]))
    if held is None or held.state != "ACTIVE" or held.expires_us is None or player.now_us < held.expires_us:
        return Answer("HOLD_ENDED")
    return Answer("OK", [_give_back(player, held, "expire", step["key"], "EXPIRED")])


def _give_back(player: Player, held: Hold, kind: str, key: str, state: str) -> Line:
    posting = player.move(HELD, CASH, held.left)
    held.left, held.state = 0, state
    return Line(kind, key, "OK", posting)


def _is_over(player: Player, held: Hold) -> bool:
    return held.state != "ACTIVE" or (held.expires_us is not None and player.now_us >= held.expires_us)


def set_limit(player: Player, step: Step) -> Answer:
    """A first limit works at once. `loss` counts from now on."""
    amount = smallest_units(step["amount"], player.exponent)
    if step["limit"] == "stake":
        player.stake_limit = amount
    else:
        player.loss_limit, player.lost = amount, 0
    return alone(step, "OK")
