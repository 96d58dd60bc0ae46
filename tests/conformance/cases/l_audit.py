"""L: what can be seen afterwards."""

from __future__ import annotations

import asyncio

from tests.conformance.case import case
from tests.conformance.stage import FailedError, Stage


@case("L01", "balances are the sum of deposits and postings after a small evening of play")
async def sums(stage: Stage) -> None:
    who = await stage.player()
    for number in range(6):
        stake, prize = stage.amount(), stage.amount()
        bet = stage.bet(who, stake, f"b{number}", round_name=f"r{number}")
        await stage.say(who, bet, "OK", moved=-stake)
        if stage.random.random() < 0.5:
            await stage.say(who, stage.win(bet, prize, f"w{number}"), "OK", moved=prize)
        else:
            await stage.say(who, stage.cancel(bet), "OK", moved=stake)
    # `once_more` compares the books.


@case("L06", "neither secrets nor tokens are in the adapter's log, whatever was refused")
async def silent(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    await stage.post(stage.provider.stranger.write(bet))
    await stage.post(stage.studio.spoil(stage.studio.write(bet)))
    await asyncio.sleep(0.2)
    log = (stage.office.stack.run / "log" / f"{stage.provider.name}.log").read_text()
    gateway = (stage.office.stack.run / "log" / "gateway.log").read_text()
    for secret in (who.seat.token, *stage.provider.secrets):
        if secret in log or secret in gateway:
            raise FailedError("a log has a token or a secret")
