"""H: promotions. Credits that no bet stands behind, and free rounds, which are paid once."""

from __future__ import annotations

from dataclasses import replace

from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.studio.ports import ActKind
from tests.conformance.case import case
from tests.conformance.stage import SkippedError, Stage

_FREE = (Capability.FREE_ROUNDS,)
_TOTAL = (Capability.FREE_ROUND_TOTAL,)


@case("H02", "spins of free rounds are information, and their total pays once", needs=(*_FREE, *_TOTAL))
async def total_pays(stage: Stage) -> None:
    if stage.provider.pays_per_spin:
        raise SkippedError("here each spin pays: see H03")
    who = await stage.player()
    for number in range(3):
        await stage.say(who, stage.gift(who, ActKind.FREE_SPIN, stage.amount(), f"spin{number}", grant="g"), "OK")
    prize = stage.amount()
    total = stage.gift(who, ActKind.FREE_TOTAL, prize, "total", grant="g")
    await stage.say(who, total, "OK", moved=prize)
    await stage.say(who, total, "OK")


@case("H03", "each free spin pays, once", needs=_FREE)
async def spins_pay(stage: Stage) -> None:
    if not stage.provider.pays_per_spin:
        raise SkippedError("here the total pays: see H02")
    who = await stage.player()
    for number in range(3):
        prize = stage.amount()
        spin = stage.gift(who, ActKind.FREE_SPIN, prize, f"spin{number}", grant="g")
        await stage.say(who, spin, "OK", moved=prize)
        await stage.say(who, spin, "OK")


@case("H07", "the total of free rounds pays without a word about its spins", needs=_TOTAL)
async def only_total(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    await stage.say(who, stage.gift(who, ActKind.FREE_TOTAL, prize, "total", grant="g"), "OK", moved=prize)


@case("H08", "a promotional credit is paid once", needs=(Capability.PROMO_WIN,))
async def promotion(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    promo = stage.gift(who, ActKind.PROMO, prize)
    await stage.say(who, promo, "OK", moved=prize)
    await stage.say(who, promo, "OK")
    await stage.say(who, replace(promo, amount=prize + 1), "IDEMPOTENCY_CONFLICT", stored="OK")


@case("H09", "a jackpot beside a win is paid once", needs=(Capability.JACKPOT_WIN,))
async def jackpot(stage: Stage) -> None:
    who = await stage.player()
    stake, prize = stage.amount(), stage.amount()
    bet = stage.bet(who, stake)
    await stage.say(who, bet, "OK", moved=-stake)
    won = replace(stage.gift(who, ActKind.JACKPOT, prize), round_id=bet.round_id)
    await stage.say(who, won, "OK", moved=prize)
    await stage.say(who, won, "OK")


@case("H10", "a promotional credit needs no live session and no unblocked player", needs=(Capability.PROMO_WIN,))
async def dead_session(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    await stage.close_session(who)
    await stage.block(who)
    await stage.say(who, stage.gift(who, ActKind.PROMO, prize), "OK", moved=prize)


@case("H11", "a tournament prize is paid once", needs=(Capability.TOURNAMENT,))
async def tournament(stage: Stage) -> None:
    who = await stage.player()
    prize = stage.amount()
    won = stage.gift(who, ActKind.TOURNAMENT, prize)
    await stage.say(who, won, "OK", moved=prize)
    await stage.say(who, won, "OK")
