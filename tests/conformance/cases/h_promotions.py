"""H: promotions. Credits that no bet stands behind, and free rounds, which are paid once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import grpc
import grpc.aio

from pitboss.session.v1 import free_rounds_service_pb2 as pb
from provider_adapters._kit.manifest import Capability
from provider_adapters._kit.studio.ports import ActKind
from tests.conformance.case import case
from tests.conformance.grants import OTHER_LICENSEE, Grants, TooLateError
from tests.conformance.stage import FailedError, Player, SkippedError, Stage

_FREE = (Capability.FREE_ROUNDS,)
_TOTAL = (Capability.FREE_ROUND_TOTAL,)


_GRANTS = (*_FREE, Capability.FREE_ROUND_GRANTS)
_SECONDS = (1, 2, 4, 8, 16)
"""Lifetimes of a grant that shall expire soon: the first one in which it can be given at all."""


@case("H01", "free rounds are given once, played, and pay once", needs=_GRANTS)
async def give_and_play(stage: Stage) -> None:
    grants = Grants(stage)
    who = await grants.player()
    grant = await grants.give(who)
    won = [await grants.play(who, grant, f"{number}") for number in range(grant.rounds)]
    await grants.finish(who, grant, sum(won, Decimal(0)))
    again = await grants.again(who)
    if (again, await grants.listed(who)) != (grant, [grant.grant_id]):
        raise FailedError(f"the same order again: {again}")
    await grants.seen(grant)


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


@case("H03b", "spins were paid, so their total pays nothing", needs=(*_FREE, *_TOTAL))
async def total_informs(stage: Stage) -> None:
    if not stage.provider.pays_per_spin:
        raise SkippedError("here the total pays: see H02")
    who = await stage.player()
    prize = stage.amount()
    await stage.say(who, stage.gift(who, ActKind.FREE_SPIN, prize, "spin", grant="g"), "OK", moved=prize)
    total = stage.gift(who, ActKind.FREE_TOTAL, prize, "total", grant="g")
    await stage.say(who, total, "OK")
    await stage.say(who, total, "OK")


@case("H04", "what is left of free rounds is taken back, and what was begun is paid", needs=_GRANTS)
async def take_back(stage: Stage) -> None:
    grants = Grants(stage)
    who = await grants.player()
    grant = await grants.give(who)
    won = await grants.play(who, grant, "before")
    for _ in range(2):
        ended = await grants.cancel(grant)
        if grants.word(ended) != "CANCELLED" or not (await grants.seen(grant))["cancelled"]:
            raise FailedError(f"after the cancel the grant is {grants.word(ended)}")
    won += await grants.play(who, grant, "under way")
    await grants.finish(who, grant, won)


@case("H05", "free rounds expire: they cannot be cancelled then, and what was won in time is paid", needs=_GRANTS)
async def expire(stage: Stage) -> None:
    grants = Grants(stage)
    who = await grants.player()
    grant = await _brief(who, grants)
    await grants.expired(grant)
    await grants.refused("GRANT_OVER", lambda: grants.cancel(grant))
    won = await grants.play(who, grant, "late")
    await grants.finish(who, grant, won)


async def _brief(who: Player, grants: Grants) -> pb.Grant:
    """A grant that was given before its time was over, however busy the machine is."""
    for seconds in _SECONDS:
        try:
            return await grants.give(who, key=f"brief{seconds}", seconds=seconds)
        except TooLateError:
            continue
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.INVALID_ARGUMENT:
                raise
    raise FailedError("no grant could be given in its time")


@case("H06", "free rounds are their player's, their licensee's and their order's alone", needs=_GRANTS)
async def mismatch(stage: Stage) -> None:
    grants = Grants(stage)
    who = await grants.player()
    grant = await grants.give(who)
    await grants.refused("GRANT_NOT_FOUND", lambda: grants.get(grant, licensee=OTHER_LICENSEE))
    await grants.refused("GRANT_NOT_FOUND", lambda: grants.cancel(grant, licensee=OTHER_LICENSEE))
    await grants.refused("REQUEST_CONFLICT", lambda: grants.again(who, rounds=4))
    other = await grants.player()
    await grants.refused("REQUEST_CONFLICT", lambda: grants.again(other))
    if (await grants.seen(grant))["cancelled"] or await grants.listed(other):
        raise FailedError("somebody else's call has changed the grant")


@case("H07", "the total of free rounds pays without a word about its spins", needs=_TOTAL)
async def only_total(stage: Stage) -> None:
    if stage.provider.pays_per_spin:
        raise SkippedError("here each spin pays, and the total is information: see H03")
    who = await stage.player()
    prize = stage.amount()
    await stage.say(who, stage.gift(who, ActKind.FREE_TOTAL, prize, "total", grant="g"), "OK", moved=prize)


@case("H07b", "free rounds for several games, or a refusal where the provider does not share them", needs=_GRANTS)
async def several_games(stage: Stage) -> None:
    grants = Grants(stage)
    games, who = grants.games[:2], await grants.player()
    if Capability.FREE_ROUNDS_SHARED not in stage.provider.manifest.capabilities:
        two = games if len(games) > 1 else [game.game_id for game in stage.studio.games][:2]
        await grants.refused("FREE_ROUNDS_NOT_OFFERED", lambda: grants.give(who, games=two))
        return
    grant = await grants.give(who, games=games)
    won = await grants.play(who, grant, "here")
    who.seat = replace(who.seat, game_id=games[1])
    won += await grants.play(who, grant, "there")
    await grants.finish(who, grant, won)


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


@case("H12", "what a voucher wins up to its cap is paid once", needs=(Capability.PROMO_WIN,))
async def capped_voucher(stage: Stage) -> None:
    if not stage.habits.names_vouchers:
        raise SkippedError("the dialect's promotions name no voucher")
    who = await stage.player()
    prize = stage.amount()
    paid = stage.gift(who, ActKind.PROMO, prize, grant="voucher")
    await stage.say(who, paid, "OK", moved=prize)
    await stage.say(who, paid, "OK")
    await stage.say(who, replace(paid, amount=prize + 1), "IDEMPOTENCY_CONFLICT", stored="OK")
    other = stage.gift(who, ActKind.PROMO, prize, "g2", grant="another voucher")
    await stage.say(who, other, "OK", moved=prize)


@case("H13", "the result of a free spin without a round is paid", needs=_FREE)
async def no_round(stage: Stage) -> None:
    if not stage.habits.free_wins_may_lack_round:
        raise SkippedError("here every result has a round")
    who = await stage.player()
    prize = stage.amount()
    spin = replace(stage.gift(who, ActKind.FREE_SPIN, prize, "spin", grant="g"), round_id="")
    await stage.say(who, spin, "OK", moved=prize if stage.provider.pays_per_spin else 0)
    await stage.say(who, spin, "OK")


@case("H14", "rounds that begin with the game's bonus are given, or refused where the provider has none", needs=_GRANTS)
async def bonus_buy(stage: Stage) -> None:
    grants = Grants(stage)
    who = await grants.player()
    if Capability.BONUS_BUY_GRANTS not in stage.provider.manifest.capabilities:
        await grants.refused("FREE_ROUNDS_NOT_OFFERED", lambda: grants.give(who, bonus_buy=True))
        return
    grant = await grants.give(who, bonus_buy=True)
    await grants.refused("REQUEST_CONFLICT", lambda: grants.again(who))
    won = [await grants.play(who, grant, f"{number}") for number in range(grant.rounds)]
    await grants.finish(who, grant, sum(won, Decimal(0)))


@case("H15", "free rounds of a value that the provider does not have are refused, each time alike", needs=_GRANTS)
async def off_the_ladder(stage: Stage) -> None:
    grants = Grants(stage)
    who = await grants.player()
    for _ in range(2):
        await grants.refused("GRANT_REFUSED", lambda: grants.give(who, bet=Decimal("0.07")))
    (grant_id,) = await grants.listed(who)
    refused = await grants.get(pb.Grant(grant_id=grant_id))
    if grants.word(refused) != "REFUSED" or await grants.seen(refused):
        raise FailedError(f"the grant is {grants.word(refused)}, and the studio has {await grants.seen(refused)}")


@case(
    "H16",
    "a voucher of money with a cap is given once, what it wins is paid once, and it is taken back; or it is refused where the "
    "provider has none",
    needs=_GRANTS,
)
async def voucher(stage: Stage) -> None:
    grants = Grants(stage)
    who = await grants.player()
    if Capability.VOUCHER_GRANTS not in stage.provider.manifest.capabilities:
        await grants.refused("FREE_ROUNDS_NOT_OFFERED", lambda: grants.give(who, rounds=1, most="50"))
        return
    given = [
        await grants.give(who, rounds=1, bet=Decimal("7.50"), most="50", games=grants.tables[:1]) for _ in range(2)
    ]
    if given[0] != given[1]:
        raise FailedError("the second order gave another voucher")
    await grants.refused("REQUEST_INVALID", lambda: grants.give(who, key="two", rounds=2, most="50"))
    await grants.refused("REQUEST_INVALID", lambda: grants.give(who, key="none", rounds=1, most="0"))
    prize = stage.amount()
    won = replace(stage.gift(who, ActKind.PROMO, prize), grant_id=given[0].provider_reference)
    await stage.say(who, won, "OK", moved=prize)
    await stage.say(who, won, "OK")
    if grants.word(await grants.cancel(given[0])) != "CANCELLED" or not (await grants.seen(given[0]))["cancelled"]:
        raise FailedError("the voucher was not taken back")


@case("F19", "the cancel of a free bet gives nothing back, and neither does a second one", needs=_FREE)
async def cancel_free_bet(stage: Stage) -> None:
    who = await stage.player()
    bet = stage.gift(who, ActKind.FREE_BET, stage.amount(), "free", grant="g")
    await stage.say(who, bet, "OK")
    cancel = stage.cancel(bet)
    await stage.say(who, cancel, "TOMBSTONED")
    await stage.say(who, cancel, "TOMBSTONED")
