"""J: lost answers. Whatever is lost or comes twice, money moves once, and a reader that was cut off goes on where it was."""

from __future__ import annotations

import asyncio
from typing import Any

from mesh.channels import call_metadata
from pitboss.wallet.v1 import ledger_service_pb2
from tests.conformance.case import case
from tests.conformance.stage import FailedError, Stage

_LONGEST_S = 30
_PAGE = 5


@case("J09", "one bet that a proxy sends several times, at once and later, is taken once")
async def sent_twice(stage: Stage) -> None:
    who = await stage.player()
    stake = stage.amount()
    bet = stage.bet(who, stake)
    request = stage.studio.write(bet)
    replies = await asyncio.gather(*(stage.post(request) for _ in range(3)))
    taken = stage.provider.code(bet.kind, "OK")
    # A provider with nonces has the copies refused.
    if taken not in {stage.studio.read(bet, reply).code for reply in replies}:
        raise FailedError("none of the copies was accepted")
    who.moved -= stake
    await stage.settled(who)
    await stage.say(who, bet, "OK")


@case("J14", "a reader of the log that is cut off after each page misses nothing and sees nothing twice")
async def resumed(stage: Stage) -> None:
    who = await stage.player()
    acts = []
    for number in range(4):
        stake = stage.amount()
        acts.append(stage.bet(who, stake, f"b{number}", round_name=f"r{number}"))
        await stage.say(who, acts[-1], "OK", moved=-stake)
    ids = [(await stage.transaction(who, act)).transaction_id for act in acts]
    places = [tuple(map(int, one.split("-"))) for one in ids]
    shard, first, last = places[0][0], places[0][1], places[-1][1]
    if (found := await _read(stage, shard, first, last)) != list(range(first, last + 1)):
        raise FailedError(f"{found} instead of every number from {first} to {last}")


async def _read(stage: Stage, shard: int, first: int, last: int) -> list[int]:
    """Numbers of the entries, each page from a call of its own that goes on after the page before."""
    found: list[int] = []
    after = first - 1
    async with asyncio.timeout(_LONGEST_S):
        while after < last:
            request = ledger_service_pb2.ReadFeedRequest(shard=shard, after_sequence=after, page_size=_PAGE)
            call = stage.office.ledger.ReadFeed(request, timeout=_LONGEST_S, metadata=call_metadata())
            page: Any = await call.read()
            call.cancel()
            found += [entry.sequence for entry in page.entries]
            after = page.position
    return [sequence for sequence in found if sequence <= last]
