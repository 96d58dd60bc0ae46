from __future__ import annotations

import asyncio
import datetime as dt

from mesh.breaker import CLOSED, OPEN, AsyncBreaker
from mesh.clock import ManualClock
from provider_adapters._kit.health import HealthBoard, ProbePlan, Prober

PLAN = ProbePlan()


class Provider:
    """Answers probes, or does not."""

    def __init__(self) -> None:
        self.up = True
        self.asked = 0

    async def probe(self, timeout_s: float) -> None:
        self.asked += 1
        if not self.up:
            raise ConnectionError


class World:
    def __init__(self) -> None:
        self.clock = ManualClock(dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
        self.board = HealthBoard("p", self.clock)
        self.breaker = AsyncBreaker("p", is_failure=lambda _: True, open_for_s=0.0, listeners=[self.board])
        self.provider = Provider()
        self.prober = Prober(self.breaker, self.provider.probe, PLAN)


async def test_a_healthy_provider_is_asked_at_the_slow_pace() -> None:
    world = World()
    assert await world.prober.step() == PLAN.healthy_every_s
    assert world.board.present.up


async def test_one_failed_probe_proves_nothing_but_is_followed_up_soon() -> None:
    world = World()
    world.provider.up = False
    assert await world.prober.step() == PLAN.suspect_every_s
    world.provider.up = True
    await world.prober.step()
    world.provider.up = False
    await world.prober.step()
    await world.prober.step()
    assert world.breaker.state == CLOSED


async def test_three_failed_probes_in_a_row_open_the_breaker() -> None:
    world = World()
    world.provider.up = False
    for _ in range(3):
        await world.prober.step()
    assert world.breaker.state == OPEN
    assert not world.board.present.up


def test_the_plan_sees_a_silent_provider_within_a_second_or_little_more() -> None:
    slowest = PLAN.healthy_every_s + 3 * PLAN.timeout_s + 2 * PLAN.suspect_every_s
    assert slowest <= 1.2


async def test_probing_closes_the_breaker_when_the_provider_is_back() -> None:
    world = World()
    world.breaker.trip()
    assert await world.prober.step() == PLAN.suspect_every_s
    await world.prober.step()
    assert world.breaker.state == CLOSED
    assert world.board.present.up


async def test_a_watcher_hears_the_present_state_first_and_then_each_change_with_its_time() -> None:
    world = World()
    heard = []

    async def watch() -> None:
        async for health in world.board.watch():
            heard.append((health.breaker_state, health.since.second))
            if len(heard) == 4:
                return

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0)
    world.clock.advance(seconds=5)
    world.breaker.trip()
    world.clock.advance(seconds=5)
    await world.prober.step()
    await world.prober.step()
    await watcher
    assert heard == [("closed", 0), ("open", 5), ("half-open", 10), ("closed", 10)]


async def test_a_watcher_that_does_not_read_still_learns_the_newest_state() -> None:
    world = World()
    states = world.board.watch()
    assert (await anext(states)).breaker_state == CLOSED
    for _ in range(100):
        world.breaker.trip()
        await world.prober.step()
        await world.prober.step()
    world.clock.advance(seconds=5)
    world.breaker.trip()
    async with asyncio.timeout(30):
        while (health := await anext(states)).since.second != 5:
            pass
    assert health.breaker_state == OPEN
