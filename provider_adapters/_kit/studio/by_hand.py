"""Single messages on command, for whoever wants something to happen between a bet and its win."""

from decimal import Decimal
from typing import Any

from provider_adapters._kit.studio.plan import Mishap
from provider_adapters._kit.studio.ports import Act, ActKind
from provider_adapters._kit.studio.record import Belief
from provider_adapters._kit.studio.scenarios import Scene


async def bet(scene: Scene) -> dict[str, Any]:
    """The bet of this name, followed up as the provider's documents say."""
    act = scene.bet()
    return _told(act, await scene.teller.bet(act, Mishap.NONE, Mishap.NONE))


async def win(scene: Scene, amount: Decimal) -> dict[str, Any]:
    """The win of the bet of this name, and the end of its round; repeated until there is an answer."""
    placed = scene.bet()
    act = scene.win(placed, amount)
    told = _told(act, await scene.teller.until_answered(act))
    if not scene.habits.closes_by_flag:
        key = scene.teller.name(f"{scene.name}/close")
        close = Act(kind=ActKind.CLOSE, seat=scene.seat, transaction_key=key, round_id=placed.round_id,
                    game_id=placed.game_id)  # fmt: skip
        await scene.teller.until_answered(close)
    return told


def _told(act: Act, belief: Belief) -> dict[str, Any]:
    amount = None if act.amount is None else format(act.amount, "f")
    return {"belief": belief, "transaction_key": act.transaction_key, "round_id": act.round_id, "amount": amount}
