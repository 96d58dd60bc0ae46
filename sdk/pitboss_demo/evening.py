"""The evening: guests come in, everybody plays, things go wrong, everything ends well."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from pitboss_demo import cash_book
from pitboss_demo.acts import crash, exclusion, messages, outage, own_wallet, payments
from pitboss_demo.cast import Group, Player, cast, groups
from pitboss_demo.checks import Check, all_of
from pitboss_demo.house import House
from pitboss_demo.result import Evening
from pitboss_demo.studio import Progress
from pitboss_demo.view import View
from pitboss_sdk import Launch

Act = Callable[..., Awaitable[list[Check]]]

LAST_CALL_S: Final = 90.0
"""When play has to be over, also on a slow machine."""
_LOOK_EVERY_S: Final = 0.4


async def spend(house: House, view: View, *, seed: int, scale: float) -> Evening:
    """All of it, up to the moment when the books can be checked."""
    players = cast(groups(house.games, scale), seed, datetime.now(tz=UTC).date())
    launches = await _let_in(house, players)
    began = time.monotonic()
    await _deal(house, players, launches, seed)
    watching = asyncio.create_task(_watch(house, view))
    checks = [*await _acts(house), await _last_call(house), *await _on_stage(house, _records)]
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    played_s = time.monotonic() - began
    house.tell("everybody has played; the books are checked")
    return Evening(
        studios=await _progress(house),
        stats={name: await studio.stats() for name, studio in house.studios.items()},
        calls=house.tally.as_json(),
        checks=checks,
        played_s=played_s,
    )


async def _let_in(house: House, players: Sequence[Player]) -> dict[str, Launch]:
    by_licensee: dict[str, list[Player]] = defaultdict(list)
    for player in players:
        by_licensee[player.group.licensee].append(player)
    house.tell(f"{len(players)} players come in: accounts, deposits, launches through the SDK")
    found = await asyncio.gather(*(house.licensees[name].welcome(some) for name, some in by_licensee.items()))
    house.tell(f"{len(players)} games are launched")
    return {name: launch for launches in found for name, launch in launches.items()}


async def _deal(house: House, players: Sequence[Player], launches: dict[str, Launch], seed: int) -> None:
    tables: dict[str, tuple[Group, list[str]]] = {}
    for player in players:
        tables.setdefault(player.group.name, (player.group, []))[1].append(launches[player.player_id].launch_url)
    for group, urls in tables.values():
        await house.studios[group.provider].play(group.order(urls, seed))
    house.tell(f"{len(house.games)} studios play")


async def _acts(house: House) -> list[Check]:
    """All beside each other, but the provider's outage comes first and the crash last: both look at how the rest plays on."""
    outages = await _on_stage(house, outage.play)
    seats = asyncio.create_task(own_wallet.seat(house))
    dead = asyncio.create_task(_on_stage(house, own_wallet.play, seats))
    small = await asyncio.gather(*(_on_stage(house, act) for act in (payments.play, exclusion.play, messages.play)))
    # Nobody can sit down while a wallet process is down.
    await asyncio.wait([seats])
    crashed = await _on_stage(house, crash.play)
    return [check for checks in (outages, *small, crashed, await dead) for check in checks]


async def _records(house: House) -> list[Check]:
    """What each licensee has written down, beside our ledger."""
    steps = [
        await cash_book.compare(each.client, each.book, licensee=each.name, currency_code=each.currency)
        for each in house.hosted.values()
    ]
    return [
        all_of("each hosted licensee's own record equals our ledger to the cent", steps),
        await own_wallet.compare(house),
    ]


async def _on_stage(house: House, act: Act, *props: object) -> list[Check]:
    """An act that breaks off is a check that did not hold."""
    try:
        return await act(house, *props)
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs into the result
        name = act.__module__.rpartition(".")[2]
        return [Check(name=f"the act {name} ran to its end", ok=False, detail=f"{type(error).__name__}: {error}")]


async def _last_call(house: House) -> Check:
    """Wait until every round is played, then let all studios settle what is open."""
    name = "everything was settled in the end"
    try:
        async with asyncio.timeout(LAST_CALL_S):
            await _until(lambda: _all_done(house))
            await asyncio.gather(*(studio.close_tables() for studio in house.studios.values()))
            await _until(lambda: _all_settled(house))
    except TimeoutError:
        return Check(name=name, ok=False, detail=f"not within {LAST_CALL_S:.0f} s")
    return Check(name=name, ok=True, detail="no message is unanswered")


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    while True:
        if await holds():
            return
        await asyncio.sleep(_LOOK_EVERY_S)


async def _all_done(house: House) -> bool:
    return not any(each.running for each in (await _progress(house)).values())


async def _all_settled(house: House) -> bool:
    return all([await studio.settled() for studio in house.studios.values()])


async def _watch(house: House, view: View) -> None:
    while True:
        view.progress(await _progress(house), house.tally.calls)
        await asyncio.sleep(_LOOK_EVERY_S)


async def _progress(house: House) -> dict[str, Progress]:
    return {name: await studio.progress() for name, studio in house.studios.items()}
